/** Words by which documents show what they are, in the languages that people keep them in. */

export const RESUME_NAMES =
  /(?<![\p{L}])(cv|curriculum( vitae)?|résumé|resume|lebenslauf|hoja de vida|currículo|levensloop|życiorys|резюме)(?![\p{L}])|简历|履歴書|職務経歴書|이력서/iu;
export const CONTACT = /[\w.+-]{1,64}@[\w-]{1,63}\.[\w.]{2,63}|(?:\+|\(0|\b0)[\d\s()/.-]{7,20}\d/;

export const CONTRACT_NAMES =
  /(?<![\p{L}])(agreement|contract|lease|nda|non-disclosure|terms (?:of (?:service|use)|and conditions)|\p{L}*vertrag|\p{L}*vereinbarung|allgemeine geschäftsbedingungen|agb|contrat|convention de|contrato|acuerdo|contratto|accordo|acordo|overeenkomst|umowa|avtal|aftale|договор)(?![\p{L}])|契約書|契约|合同|协议|계약서/iu;
export const PARTIES =
  /by and between|between:? .{2,200}? \((?:the|hereinafter|“|")|hereinafter|\((?:the|each an?|collectively,? the) ["“][^"”]{2,40}["”]\)|(?:nachfolgend|nachstehend|im folgenden|fortan)\b.{0,30}["„“»]|zwischen\b[\s\S]{2,200}?\bund\b[\s\S]{2,200}?(?:–|-|nachfolgend|wird|schließen)|ci-après|entre les soussignés|en adelante|en lo sucesivo|di seguito|doravante|hierna|zwan\p{L} dalej|именуем|以下简称|以下「|甲方/iu;
export const CONTRACT_PHRASES =
  /\b(?:in witness whereof|governing law|entire agreement|severability|indemnif\p{L}*|force majeure|hereby agrees?|hereunder|herein|hereof|thereof|notwithstanding|the parties|either party|each party|terminat(?:e|ion) (?:of )?this agreement|this agreement|this lease|confidential information|successors and assigns|waiver|limitation of liability|governed by|effective date)\b|\b(?:gerichtsstand|salvatorische klausel|dieses vertrage?s|die vertragsparteien|der vermieter|der mieter|der auftragnehmer|der auftraggeber|der arbeitnehmer|der arbeitgeber|kündigungsfrist|ordentliche kündigung|schriftform|haftung|erfüllungsort)\b|\b(?:les parties|le présent contrat|le bailleur|le preneur|le prestataire|résiliation|tribunal compétent|droit applicable)\b|\b(?:las partes|el presente contrato|el arrendador|el arrendatario|rescisión|jurisdicción|ley aplicable)\b|\b(?:le parti|il presente contratto|il locatore|il conduttore|foro competente|recesso)\b/giu;

export const REVIEW_NAMES =
  /(?<![\p{L}])(reviews?|appraisal|evaluation|assessment|feedback|survey|questionnaire|interview|beurteilung|bewertung(?:en)?|umfrage|fragebogen|évaluation|avis|sondage|evaluación|reseñas?|encuesta|valutazione|recension[ei]|avaliação|beoordeling|отзывы?|опрос)(?![\p{L}])|评价|レビュー|問卷|问卷/iu;

export const POLICY_NAMES =
  /(?<![\p{L}])(polic(?:y|ies)|code of (?:conduct|ethics)|\p{L}*richtlinien?|\p{L}*leitlinien?|verhaltenskodex|politique|charte|código de conducta|política|politica|codice (?:etico|di condotta)|gedragscode|beleid|polityka|regulamin|политика)(?![\p{L}])|管理规定|规章制度|規程|ポリシー/iu;
export const POLICY_SECTIONS =
  /^(?:\d{1,2}(?:\.\d{1,2})*[.)]?\s+)?(?<name>purpose(?: and scope)?|scope|policy(?: statement)?|applicability|responsibilities|roles and responsibilities|compliance|enforcement|exceptions|violations|sanctions|definitions|related (?:policies|documents)|revision history|document history|zweck|geltungsbereich|anwendungsbereich|begriffe|begriffsbestimmungen|verantwortlichkeiten|zuständigkeiten|verstöße|ausnahmen|inkrafttreten|objet|objectif|champ d[’']application|responsabilités|sanctions|définitions|objeto|alcance|ámbito de aplicación|responsabilidades|definiciones|sanciones|scopo|ambito di applicazione|responsabilità|definizioni|目的|适用范围|適用範囲|定义|定義|职责|責任)\s*:?$/iu;
export const POLICY_PHRASES =
  /\b(?:(?:of|with|to) this policy|this policy (?:applies|covers|sets|describes|is)|(?:all )?(?:employees|staff|users|personnel) (?:must|shall|are required|are expected|may not)|must not|is prohibited|are prohibited|is responsible for|disciplinary action|policy owner|non-compliance|in accordance with|diese[r]? richtlinie|(?:alle )?(?:mitarbeitenden|beschäftigten|mitarbeiter(?:innen)?) (?:müssen|sind verpflichtet|dürfen)|ist untersagt|ist verboten|la présente (?:politique|charte)|les (?:salariés|employés|collaborateurs) doivent|il est interdit|la presente política|los empleados deben|está prohibido|la presente politica|i dipendenti devono|è vietato)\b/giu;

export const EMPLOYEE_NAMES =
  /(?<![\p{L}])(employees?|personnel|staff (?:record|file)|hr (?:record|file)|onboarding|mitarbeiter\p{L}*|personalakte|personalbogen|personalstammdaten|dossier du personnel|fiche (?:salarié|employé)|empleados?|expediente laboral|dipendent[ei]|сотрудник\p{L}*)(?![\p{L}])|员工|社員|従業員/iu;
/** A field at the beginning of a line, with a value after a colon or in the next cell. */
export const EMPLOYEE_FIELDS =
  /^\s*(?<name>employee (?:id|number|no\.?|name)|staff (?:id|number)|personnel number|payroll (?:id|number)|hire date|date of hire|date hired|start date|termination date|department|job title|position|line manager|manager|supervisor|salary|annual salary|base salary|pay grade|employment (?:type|status)|work location|date of birth|emergency contact|social security (?:number|no\.?)|national insurance (?:number|no\.?)|vacation days|personalnummer|eintrittsdatum|eintritt|austrittsdatum|abteilung|stellenbezeichnung|position|vorgesetzte[rn]?|gehalt|bruttogehalt|geburtsdatum|steuerklasse|sozialversicherungsnummer|urlaubstage|matricule|date d[’']embauche|service|poste|responsable|salaire(?: brut)?|date de naissance|type de contrat|número de empleado|fecha de (?:contratación|ingreso|nacimiento)|departamento|puesto|salario|matricola|data di assunzione|reparto|mansione|stipendio|员工编号|入职日期|部门|职位|社員番号|入社日|部署|役職)\s*(?:[:：]|\t)\s*\S/iu;
export const EMPLOYEES_ONLY =
  /employee|staff|personnel|payroll|hire|salary|pay grade|employment|personalnummer|eintritt|gehalt|steuerklasse|matricule|embauche|salaire|empleado|contratación|ingreso|salario|matricola|assunzione|stipendio|员工|入职|社員|入社/iu;

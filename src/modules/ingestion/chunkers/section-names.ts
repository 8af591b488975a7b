/** What the sections of a CV are called, by what stands in them. */
const RESUME_SECTIONS = {
  experience:
    'experience|work experience|professional experience|employment|employment history|work history|career history|career|relevant experience|positions|professional background|internships|berufserfahrung|beruflicher werdegang|werdegang|praktische erfahrung|praktika|beruf|expérience|expériences|expérience professionnelle|expériences professionnelles|parcours professionnel|stages|experiencia|experiencia laboral|experiencia profesional|trayectoria profesional|esperienza|esperienze|esperienza professionale|esperienze professionali|esperienza lavorativa|experiência|experiência profissional|werkervaring|ervaring|doświadczenie|doświadczenie zawodowe|arbetslivserfarenhet|erfaring|erhvervserfaring|опыт работы|опыт|工作经历|工作经验|職歴|職務経歴|경력',
  education:
    'education|academic background|academic history|qualifications|academic qualifications|training|studies|degrees|ausbildung|bildung|bildungsweg|schulbildung|studium|weiterbildung|weiterbildungen|akademische ausbildung|formation|formations|études|diplômes|parcours académique|educación|formación|formación académica|estudios|istruzione|formazione|istruzione e formazione|educação|formação|formação académica|formação acadêmica|opleiding|opleidingen|wykształcenie|edukacja|utbildning|uddannelse|utdanning|образование|教育背景|教育经历|学歴|학력',
  skills:
    'skills|technical skills|key skills|core competencies|competencies|core skills|technologies|expertise|areas of expertise|it skills|computer skills|fähigkeiten|kenntnisse|kompetenzen|edv-kenntnisse|it-kenntnisse|fachkenntnisse|compétences|compétences techniques|competencias|habilidades|aptitudes|conocimientos|competenze|capacità|competências|vaardigheden|umiejętności|kompetenser|kompetencer|навыки|ключевые навыки|技能|专业技能|スキル|기술',
  languages:
    'languages|language skills|sprachen|sprachkenntnisse|langues|idiomas|lingue|línguas|talen|języki|språk|sprog|языки|语言|语言能力|語学|언어',
  summary:
    'summary|profile|professional summary|executive summary|career summary|objective|career objective|about me|personal statement|profil|kurzprofil|über mich|profil professionnel|à propos|perfil|resumen|objetivo|sobre mí|profilo|sommario|resumo|samenvatting|profiel|podsumowanie|обо мне|自我评价|个人简介|自己紹介|自己pr',
  projects:
    'projects|personal projects|selected projects|projekte|projets|proyectos|progetti|projetos|projecten|проекты|项目经历|项目经验',
  certificates:
    'certifications|certificates|licenses|courses|zertifikate|zertifizierungen|certificats|certificaciones|cursos|certificazioni|certyfikaty|сертификаты|证书|資格',
  publications:
    'publications|selected publications|conferences|talks|presentations|patents|veröffentlichungen|publikationen|vorträge|publicaciones|pubblicazioni|publicações|публикации',
  honours:
    'awards|honors|honours|achievements|scholarships|auszeichnungen|stipendien|prix|distinctions|premios|premi|获奖情况|奖项',
  personal:
    'personal details|personal information|personal data|contact|contact information|contact details|persönliche daten|persönliche angaben|kontakt|kontaktdaten|informations personnelles|coordonnées|datos personales|datos de contacto|dati personali|informazioni personali|dados pessoais|persoonlijke gegevens|dane osobowe|личные данные|个人信息|基本信息',
  interests:
    "interests|hobbies|activities|extracurricular activities|interessen|freizeit|centres d’intérêt|centres d'intérêt|loisirs|intereses|aficiones|interessi|interesses|hobby|zainteresowania|увлечения|兴趣爱好",
  volunteering:
    'volunteering|volunteer experience|volunteer work|community service|leadership|ehrenamt|ehrenamtliches engagement|engagement|bénévolat|voluntariado|volontariato',
  references: 'references|referees|referenzen|références|referencias|referenze|referências',
};

export type ResumeSection = keyof typeof RESUME_SECTIONS;

const BY_NAME = new Map<string, string>(
  Object.entries(RESUME_SECTIONS).flatMap(([section, names]) => names.split('|').map((name) => [name, section])),
);
const MAX_NAME_CHARACTERS = 60;
const AND = /\s*(?:&|\/|,|\+|·)\s*|\s+(?:and|und|et|y|e|en|og|och|i|и)\s+/u;
/** Bullets, emoji, rules and numbers around a name. */
const DECORATION = /^[^\p{L}]+|[^\p{L}]+$/gu;
/** “E X P E R I E N C E”, as typographers space it. */
const SPACED = /^\p{L}( \p{L}){3,}$/u;

/** Which section of a CV a line names, if it names one and says nothing else. */
export function resumeSectionOf(line: string): string | undefined {
  if (line.length > MAX_NAME_CHARACTERS) return undefined;
  const bare = line.replace(DECORATION, '');
  const name = (SPACED.test(bare) ? bare.replaceAll(' ', '') : bare).toLowerCase().replace(/\s+/g, ' ');
  const whole = BY_NAME.get(name);
  if (whole !== undefined) return whole;
  const parts = name.split(AND).map((part) => BY_NAME.get(part));
  return parts.every((part) => part !== undefined) ? parts[0] : undefined;
}

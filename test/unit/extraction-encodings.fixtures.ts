/** The same sentences in many languages, and encoders for what only decoders come with. */

export const SENTENCES: Record<string, string> = {
  de: 'Die Geschäftsführung prüft den Antrag für die Straßenbahn. Über die Größe der Räume wird später entschieden.',
  fr: 'La société a été créée à Besançon où les élèves étudiaient déjà les œuvres françaises. Ça coûte très peu.',
  es: 'El año pasado la compañía envió más información según la decisión del señor Muñoz. ¿Qué pasó después?',
  pt: 'A informação não está disponível, mas as organizações já são responsáveis pelas decisões até amanhã.',
  sv: 'På sjön låg båtarna stilla när jägaren gick över ängen och såg älgen före gryningen.',
  da: 'Børnene løb over broen på øen, og så spiste de æbler på vejen hjem fra skoven.',
  pl: 'Zażółć gęślą jaźń. Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw, są oni obdarzeni rozumem.',
  cs: 'Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni rozumem a svědomím, říká náš úřad.',
  hu: 'Minden emberi lény szabadon születik és egyenlő méltósága és joga van. Az erdőből jövő őzek gyűltek össze a tűznél.',
  ro: 'Toate ființele umane se nasc libere și egale în demnitate și în drepturi. Ele sînt înzestrate cu rațiune și conștiință.',
  tr: 'Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler, kardeşlik zihniyeti ile davranmalıdırlar.',
  lt: 'Visi žmonės gimsta laisvi ir lygūs savo orumu ir teisėmis. Jiems suteiktas protas ir sąžinė, jie turi elgtis vienas kito atžvilgiu kaip broliai.',
  lv: 'Visi cilvēki piedzimst brīvi un vienlīdzīgi savā pašcieņā un tiesībās. Viņi ir apveltīti ar saprātu un sirdsapziņu.',
  ru: 'Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и совестью.',
  uk: 'Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони наділені розумом і совістю, її їхній ґанок.',
  bg: 'Всички хора се раждат свободни и равни по достойнство и права. Те са надарени с разум и съвест.',
  el: 'Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. Είναι προικισμένοι με λογική.',
  he: 'כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון.',
  ar: 'يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا وعليهم أن يعامل بعضهم بعضا بروح الإخاء.',
  th: 'มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม',
  ja: 'すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。コンピュータの文書も同じです。',
  zh: '人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。',
  'zh-tw': '人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係的精神相對待。',
  ko: '모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을 부여받았다.',
};

/** Which sentences are tried in which encodings. */
export const WRITTEN_IN: Record<string, string[]> = {
  'windows-1252': ['de', 'fr', 'es', 'pt', 'sv', 'da'],
  'iso-8859-15': ['fr'],
  macintosh: ['de', 'fr', 'es'],
  'windows-1250': ['pl', 'cs', 'hu', 'ro'],
  'iso-8859-2': ['pl', 'cs', 'hu', 'ro'],
  'windows-1251': ['ru', 'uk', 'bg'],
  'koi8-r': ['ru', 'bg'],
  'koi8-u': ['uk'],
  'iso-8859-5': ['ru', 'bg'],
  ibm866: ['ru', 'bg'],
  'x-mac-cyrillic': ['ru'],
  'windows-1253': ['el'],
  'iso-8859-7': ['el'],
  'windows-1254': ['tr'],
  'windows-1255': ['he'],
  'windows-1256': ['ar'],
  'iso-8859-6': ['ar'],
  'windows-1257': ['lt', 'lv'],
  'windows-874': ['th'],
  shift_jis: ['ja'],
  'euc-jp': ['ja'],
  gb18030: ['zh'],
  big5: ['zh-tw'],
  'euc-kr': ['ko'],
};

const DOUBLE_BYTE = new Set(['shift_jis', 'euc-jp', 'gb18030', 'big5', 'euc-kr']);
const tables = new Map<string, Map<string, number[]>>();

/** Text as bytes of a legacy encoding; characters that it does not have become question marks. */
export function encodeAs(text: string, encoding: string): Uint8Array {
  const table = tables.get(encoding) ?? tableOf(encoding);
  tables.set(encoding, table);
  // Encodings of Romanian before 1998 have the letters with cedillas.
  const cedillas = text.replaceAll('ș', 'ş').replaceAll('ț', 'ţ');
  return Uint8Array.from(Array.from(cedillas).flatMap((character) => table.get(character) ?? [0x3f]));
}

function tableOf(encoding: string): Map<string, number[]> {
  const table = new Map<string, number[]>();
  const decoder = new TextDecoder(encoding);
  const add = (bytes: number[]) => {
    const character = decoder.decode(Uint8Array.from(bytes));
    if (Array.from(character).length === 1 && character !== '\ufffd' && !table.has(character))
      table.set(character, bytes);
  };
  for (let byte = 0; byte < 256; byte++) add([byte]);
  for (let lead = 0x81; DOUBLE_BYTE.has(encoding) && lead < 0xff; lead++) {
    for (let trail = 0x40; trail < 0xff; trail++) add([lead, trail]);
  }
  return table;
}

/** UTF-32, with or without a byte order mark. */
export function utf32(text: string, order: 'le' | 'be'): Uint8Array {
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const view = new DataView(new ArrayBuffer(codes.length * 4));
  for (const [i, code] of codes.entries()) view.setUint32(i * 4, code, order === 'le');
  return new Uint8Array(view.buffer);
}

/**
 * What text in each language is made of beyond ASCII, for telling single-byte encodings apart: lower-case letters, the most
 * frequent first.
 */
export type Alphabet = {
  language: string;
  letters: string;
  script: 'latin' | 'other';
  /** Languages written in ASCII have little else beyond it than quotation marks and dashes. */
  mostlySigns?: boolean;
};

/** An encoding (WHATWG label) with the languages that are written in it. */
export type SingleByte = {
  encoding: string;
  languages: string[];
  /** How much rarer than the others such files are, as a natural logarithm. */
  rarity?: number;
};

const latin = (language: string, letters: string): Alphabet => ({ language, letters, script: 'latin' });
const other = (language: string, letters: string): Alphabet => ({ language, letters, script: 'other' });

export const ALPHABETS: Alphabet[] = [
  { ...latin('en', 'éïèêçñ'), mostlySigns: true },
  latin('de', 'üäöß'),
  latin('fr', 'éèàêçùôâîûœëïæ'),
  latin('es', 'óíáéñúü'),
  latin('pt', 'ãçáéíóõêâúàôü'),
  latin('it', 'èàòùìéî'),
  latin('ca', 'àéóèíçòúïü'),
  latin('nl', 'ëéïöèüó'),
  latin('sv', 'äåöé'),
  latin('da', 'øåæé'),
  latin('fi', 'äöå'),
  latin('is', 'íðáþóéúöýæ'),
  latin('cy', 'ŵŷâêîôûï'),
  latin('pl', 'łóęążśćńź'),
  latin('cs', 'íáéěřýžčšůúťďňó'),
  latin('sk', 'áíéčžýšúľťôňďäŕĺó'),
  latin('hu', 'áéóöőíüúű'),
  latin('ro', 'ăîțșâţş'),
  latin('hr', 'čžšćđ'),
  latin('lt', 'ėųįšžąčūę'),
  latin('lv', 'āīēšūņļžčģķ'),
  latin('et', 'äõüöšž'),
  latin('tr', 'ıüşçğöâî'),
  latin('eo', 'ĝĉŭŝĵĥ'),
  latin('vi', '\u0301\u0300đươôăâê\u0323\u0309\u0303áàãéèíóòúùìõý'),
  other('ru', 'оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё'),
  other('uk', 'оанивіерткслумдпязьбгйчхцжющєїшфґ'),
  other('bg', 'аоеитнрсвлкдпмзъубгчяцжщхйшюфь'),
  other('be', 'анаіреоксытлуядзвмпўчгбйшьхжцёюэф'),
  other('sr', 'аоиенрсјтукдвмлпзгбљчцшхжњћђфџ'),
  other('mk', 'аоиетнрсвдклпмујзбгчцшжфхњќѓљџѕ'),
  other('el', 'αοιετσνηυρπκμλςίωγέδάόχήθφβύώξζψϊϋΐΰ'),
  other('he', 'יוהלארתבשמנדםחקעטפסגכצזןךףץ\u05b0\u05b7\u05b4\u05b8'),
  other('ar', 'اليمنروتةبعدسفهكقحجشطصخأىذضغزءإئثظؤآ\u064e\u0650\u064f\u0651'),
  other(
    'th',
    'านรอกเงมยลวดทสตะปบคหแจพชขใไผโถซศธณภษ\u0e31\u0e35\u0e48\u0e49\u0e34\u0e4c\u0e37\u0e38\u0e39\u0e33\u0e47\u0e36ฐญฉฟฮฎ',
  ),
];

const WEST = ['en', 'de', 'fr', 'es', 'pt', 'it', 'ca', 'nl', 'sv', 'da', 'fi', 'is'];
const CENTRE = ['pl', 'cs', 'sk', 'hu', 'ro', 'hr', 'de'];
const CYRILLIC = ['ru', 'uk', 'bg', 'be', 'sr', 'mk'];

/** Of encodings that read a text alike the first counts: it should be the one that has more characters. */
export const SINGLE_BYTE: SingleByte[] = [
  { encoding: 'windows-1252', languages: WEST },
  { encoding: 'windows-1250', languages: CENTRE },
  { encoding: 'windows-1251', languages: CYRILLIC },
  { encoding: 'windows-1253', languages: ['el'] },
  { encoding: 'windows-1254', languages: ['tr'] },
  { encoding: 'windows-1255', languages: ['he'] },
  { encoding: 'windows-1256', languages: ['ar'] },
  { encoding: 'windows-1257', languages: ['lt', 'lv', 'et'] },
  { encoding: 'windows-1258', languages: ['vi'] },
  { encoding: 'windows-874', languages: ['th'] },
  { encoding: 'koi8-r', languages: ['ru', 'bg'] },
  { encoding: 'koi8-u', languages: ['uk', 'be'] },
  { encoding: 'iso-8859-2', languages: CENTRE },
  { encoding: 'iso-8859-15', languages: WEST, rarity: 1 },
  { encoding: 'iso-8859-5', languages: CYRILLIC, rarity: 1 },
  { encoding: 'iso-8859-6', languages: ['ar'], rarity: 1 },
  { encoding: 'iso-8859-7', languages: ['el'], rarity: 1 },
  { encoding: 'iso-8859-8', languages: ['he'], rarity: 1 },
  { encoding: 'iso-8859-13', languages: ['lt', 'lv', 'et'], rarity: 1 },
  { encoding: 'iso-8859-4', languages: ['lt', 'lv', 'et'], rarity: 2 },
  { encoding: 'iso-8859-16', languages: ['ro'], rarity: 2 },
  { encoding: 'iso-8859-3', languages: ['eo'], rarity: 2 },
  { encoding: 'iso-8859-14', languages: ['cy'], rarity: 2 },
  { encoding: 'ibm866', languages: ['ru', 'bg'], rarity: 1 },
  { encoding: 'macintosh', languages: WEST, rarity: 2 },
  { encoding: 'x-mac-cyrillic', languages: ['ru', 'uk'], rarity: 3 },
];

/** Signs that word processors put in by themselves, and of money. */
export const FREQUENT_SIGNS = '’“”‘–—…€£';

/** Signs that stand between the words of any language. */
export const COMMON_SIGNS = '\u00a0’‘“”„‚«»‹›–—…•·§°©®™€£´×½№¿¡،؛؟';

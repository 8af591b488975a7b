/** Signs of Markdown, none of which is common in prose, code or data. */
const SIGNS: RegExp[] = [
  /^#{1,6} \S.*\n(\n|$)/m,
  /^(```|~~~)[\w+-]*\n[\s\S]*?^\1/m,
  /^\|?( *:?-{3,}:? *\|)+ *(:?-{3,}:? *)?$/m,
  /!?\[[^\]\n]+\]\((https?:\/\/|\.{0,2}\/|#|mailto:)[^)\s]*\)/,
  /(^|\s)\*\*[^*\s][^*\n]*\*\*/,
  /^\S.*\n(={3,}|-{3,})\n\n/m,
  /^- \[[ x]\] /m,
];

/** Names that say what the text is: it stays plain text however much of it looks like Markdown. */
const OTHER_TEXT_NAME =
  /\.(csv|tsv|json|jsonl|ipynb|ya?ml|toml|ini|conf|cfg|log|xml|svg|tex|rst|adoc|org|eml|mbox|sql|sh|bash|zsh|ps1|bat|py|rb|pl|js|mjs|cjs|ts|tsx|jsx|css|scss|c|h|cc|cpp|hpp|cs|java|kt|go|rs|swift|php|lua|r|diff|patch)$/i;
const PLAIN_TEXT_NAME = /\.(txt|text)$/i;
const MIN_SIGNS = 2;
/** A name ending in .txt speaks for text: only unmistakable Markdown overrules it. */
const MIN_SIGNS_IN_TXT = 3;

/** Whether text whose name does not say Markdown is Markdown all the same. */
export function looksLikeMarkdown(text: string, filename: string): boolean {
  if (OTHER_TEXT_NAME.test(filename)) return false;
  const signs = SIGNS.filter((sign) => sign.test(text)).length;
  return signs >= (PLAIN_TEXT_NAME.test(filename) ? MIN_SIGNS_IN_TXT : MIN_SIGNS);
}

/** Who the password is for: what everybody knows of them makes a poor password. */
export type PasswordOwner = { username: string; email: string };

/** A shorter name is part of too many good passwords to be refused inside one. */
const MIN_CONTAINED_CHARS = 5;

/** The most frequent passwords of public breach lists that are long enough to be accepted otherwise. */
const COMMON = new Set(
  `00000000 000000000 0123456789 0987654321 11111111 111111111 1111111111 11223344 1122334455 12121212 12341234
  123123123 123321123 1234567a 12345678 123456789 1234567890 123456789a 12345678910 123qweasd 147258369 159357123
  1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc 20202020 22222222 55555555 66666666 77777777 87654321 88888888 987654321
  99999999 999999999 a1234567 a12345678 a123456789 aa123456 aaaaaaaa abc12345 abcd1234 abcdefgh abcdefghi access14
  admin123 administrator asdasdasd asdf1234 asdfasdf asdfghjk asdfghjkl babygirl baseball bigdaddy blink182 butterfly
  changeme charlie1 chocolate christian computer corvette dragon123 elizabeth explorer facebook february football
  football1 fuckyou1 fuckyou2 guinness helloworld hello123 hunter123 iloveyou iloveyou1 iloveyou2 internet jennifer
  jordan23 justinbieber killer123 letmein1 letmein123 liverpool login123 lovelove marlboro master123 maverick
  mercedes metallica michael1 michelle midnight monkey123 mountain motdepasse myspace1 nicholas passw0rd password
  password! password1 password1! password12 password123 password1234 p@ssw0rd p@ssword pa55word passwort pokemon1
  princess princess1 q1w2e3r4 q1w2e3r4t5 qazwsxedc qwaszx12 qwer1234 qwerasdf qwerty12 qwerty123 qwerty1234
  qwertyui qwertyuiop qwertyuiop123 rainbow1 remember root1234 samantha scorpion secret123 slipknot spiderman
  starwars startrek steelers sunshine sunshine1 superman superman1 superstar test1234 testtest trustno1 undertaker
  victoria welcome1 welcome12 welcome123 whatever william1 yankees1 zaq12wsx zxcvbnm1 zxcvbnm123 zxcvbnma`.split(/\s+/),
);

/** Why the password is not acceptable for its owner, or undefined. Length is checked where it is parsed. */
export function passwordWeakness(password: string, { username, email }: PasswordOwner): string | undefined {
  const text = fold(password);
  if (COMMON.has(text)) return 'It is among the most common passwords; choose another.';
  const known = [username, email, email.slice(0, email.lastIndexOf('@'))].map(fold);
  const guessable = known.some((part) => text === part || (part.length >= MIN_CONTAINED_CHARS && text.includes(part)));
  return guessable ? 'It may not contain your username or e-mail address.' : undefined;
}

const fold = (text: string) => text.normalize('NFKC').toLowerCase();

/**
 * Words that say little about what a text is about, in the languages most often written in Latin letters. Folded as
 * `foldWord` folds. A word that is meaningful in one language and a stop word in another is left out of the list.
 */
const ENGLISH = `a about above after again against all also am an and any are as at be because been before being below
between both but by can cannot could d did do does doing done down during each either else etc ever every few for from
further get had has have having he her here hers herself him himself his how however i if in into is isn it its itself just
ll m may me might more most much must my myself nor not of off on once one only or other our ours ourselves out over own
per re s same shall she should since so some such t than that the their theirs them themselves then there these they
this those through thus to too under until up upon us ve very via was we were what when where whether which while who
whom whose why will with within without would yes yet you your yours yourself yourselves`;
const GERMAN = `aber als am an auch auf aus bei beim bin bis da damit dann das dass daß dem den denn der deren des dessen die
dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines er es etwa fur gegen hat hatte
hatten hier ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in ist ja jede jedem jeden jeder jedes kann kein keine
keinen keiner konnen konnte konnten mit nach nicht noch nun nur ob oder ohne sehr sein seine seinem seinen seiner seines seit
sich sie sind so sollte sowie uber um und uns unter viel viele vom von vor wann warum was wegen weil welche welchem
welchen welcher welches wenn wer werden wie wieder wir wird wo wurde wurden zu zum zur zwischen`;
const ROMANCE = `al alla au aux avec ce ces cette che chi como con da dans das de del dela della delle dei degli des di do dos du
e el elle elles em en est et eta fue gli ha han il ils je la las le les leur lo los mais mas na nao ne nel nella no nos
nous o ou para par parce pas pela pelo per plus por porque pour qual quale quali que quel quelle quels quem qui quien se
ses si sobre son sono sua sue sul sulla sur tra um uma un una unas une uno unos y`;
const DUTCH = `aan bij dat deze dit door een geen haar heeft het hij hoe ik is kan maar met naar niet of om onder ook op te tot uit
van veel voor waar wat werd wie worden wordt zal ze zich zij zijn`;

export const STOP_WORDS: ReadonlySet<string> = new Set(
  `${ENGLISH} ${GERMAN} ${ROMANCE} ${DUTCH}`.split(/\s+/).filter((word) => word !== ''),
);

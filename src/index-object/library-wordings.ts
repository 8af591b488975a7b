import type { Settings } from './settings.ts';
import { ALL_WORDINGS, type Wording, wordingNamed, wordingOf } from './wordings.ts';

/** The wordings of one library. */
export type LibraryWordings = {
  /** Those that its documents are worded in, some perhaps only in part: how queries must be spelled. */
  inUse(): readonly Wording[];
  /** To be called with the wording of anything that is written. */
  use(wording: Wording): void;
  /** Notes that something has another wording than its language asks for. */
  outdated(): void;
  /** Whether something may have. */
  areOutdated(): boolean;
  /** Forgets what is held in memory. */
  reset(): void;
};

export function createLibraryWordings(sql: SqlStorage, settings: Settings): LibraryWordings {
  let known: Set<Wording> | undefined;

  function load(): Set<Wording> {
    const rows = sql.exec<{ wording: string; language: string | null; reworded: number | null }>(
      `SELECT DISTINCT g.wording, d.language, g.reworded IS NOT NULL AS reworded
        FROM generations g CROSS JOIN documents d ON d.number = g.document`,
    );
    const used = [...rows].flatMap(({ wording, language, reworded }) => [
      wordingNamed(wording),
      ...(reworded === 1 ? [wordingOf(language)] : []),
    ]);
    // Labels are worded as what has no language.
    return new Set([wordingOf(null), ...used]);
  }

  return {
    inUse() {
      known ??= load();
      return [...known];
    },
    use: (wording) => void known?.add(wording),
    outdated: () => settings.setWordings(undefined),
    areOutdated: () => settings.wordings() !== ALL_WORDINGS,
    reset() {
      known = undefined;
    },
  };
}

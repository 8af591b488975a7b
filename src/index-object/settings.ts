/** The one model whose vectors the index holds. */
export type VectorModel = { model: string; dimension: number };

export type Settings = {
  vectorModel(): VectorModel | undefined;
  setVectorModel(model: VectorModel): void;
  /** The wordings that all content has, in one word; undefined while some may have others. */
  wordings(): string | undefined;
  setWordings(wordings: string | undefined): void;
  reset(): void;
};

export function createSettings(sql: SqlStorage): Settings {
  let known: VectorModel | undefined;

  return {
    vectorModel() {
      if (known !== undefined) return known;
      const rows = sql.exec<{ key: string; value: string }>(
        "SELECT key, value FROM settings WHERE key IN ('model', 'dimension')",
      );
      const values = new Map(rows.toArray().map((row) => [row.key, row.value]));
      const model = values.get('model');
      const dimension = Number(values.get('dimension'));
      if (model !== undefined) known = { model, dimension };
      return known;
    },
    setVectorModel(model) {
      const upsert =
        'INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value';
      sql.exec(upsert, 'model', model.model);
      sql.exec(upsert, 'dimension', String(model.dimension));
      known = model;
    },

    wordings() {
      const rows = sql.exec<{ value: string }>("SELECT value FROM settings WHERE key = 'wordings'").toArray();
      return rows[0]?.value;
    },

    setWordings(wordings) {
      if (wordings === undefined) sql.exec("DELETE FROM settings WHERE key = 'wordings'");
      else sql.exec("INSERT OR REPLACE INTO settings (key, value) VALUES ('wordings', ?)", wordings);
    },

    reset() {
      known = undefined;
    },
  };
}

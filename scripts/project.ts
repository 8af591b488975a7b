import path from 'node:path';

/** The folder of package.json. */
export const ROOT = path.resolve(import.meta.dirname, '..');

/** Where `npm start` listens unless told otherwise. */
export const DEFAULT_PORT = 8787;

/** Seed user: exists on one machine only. */
export const SEED_USER = {
  username: 'testuser',
  password: 'Test123!',
  email: 'test@inmyhead.local',
};

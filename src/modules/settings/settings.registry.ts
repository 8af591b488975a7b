import { z } from 'zod';
import type { Config } from '../../config.ts';

/** What can be written in one JSON value and read by a person. */
export type SettingValue = number | boolean | string;

type Variable = { [K in keyof Config]-?: Config[K] extends SettingValue ? K : never }[keyof Config];

/** A variable of the configuration that operators can change without deploying. */
export type Setting<V extends Variable = Variable> = {
  /** Where its default comes from, and where everything reads it. */
  variable: V;
  schema: z.ZodType<Config[V]>;
  /** Of a number. */
  unit?: 'requests' | 'attempts' | 'seconds' | 'bytes' | 'points' | 'jobs' | 'days';
  meaning: string;
};

const setting = <V extends Variable>(variable: V, facts: Omit<Setting<V>, 'variable'>): Setting<V> => ({
  variable,
  ...facts,
});

const whole = (from: number, to: number) => z.number().int().min(from).max(to);
const requests = { schema: whole(0, 1_000_000), unit: 'requests' } as const;
const seconds = (from: number, to: number) => ({ schema: whole(from, to), unit: 'seconds' }) as const;

const HOUR = 60 * 60;
const DAY = 24 * HOUR;
const MIB = 1024 * 1024;

/**
 * Every setting by its name in the API. To add one: a variable with its default in `config.ts`, and a line here. Whatever
 * reads the variable from the configuration that services are given then follows the setting.
 */
export const SETTINGS = {
  requestsPerMinutePerUser: setting('REQUESTS_PER_MINUTE_PER_USER', {
    ...requests,
    meaning: 'Requests of a user a minute, by all sessions and keys; 0 for any number.',
  }),
  requestsPerMinutePerKey: setting('REQUESTS_PER_MINUTE_PER_KEY', {
    ...requests,
    meaning: 'Requests a minute by an API key that has no limit of its own; 0 for any number.',
  }),
  requestsPerMinutePerAddress: setting('REQUESTS_PER_MINUTE_PER_ADDRESS', {
    ...requests,
    meaning: 'Requests a minute without a valid credential, by address; 0 for any number.',
  }),
  requestsPerHourPerUser: setting('REQUESTS_PER_HOUR_PER_USER', {
    ...requests,
    meaning: 'Requests of a user in any hour, by all sessions and keys; 0 for any number.',
  }),
  requestsPerHourPerAddress: setting('REQUESTS_PER_HOUR_PER_ADDRESS', {
    ...requests,
    meaning: 'Requests in any hour without a valid credential, by address; 0 for any number.',
  }),
  lockoutAttemptsPerAccount: setting('LOCKOUT_ATTEMPTS_PER_ACCOUNT', {
    schema: whole(1, 1000),
    unit: 'attempts',
    meaning: 'Failed attempts at one secret of an account after which there is a wait.',
  }),
  lockoutAttemptsPerAddress: setting('LOCKOUT_ATTEMPTS_PER_ADDRESS', {
    schema: whole(1, 10_000),
    unit: 'attempts',
    meaning: 'Failed attempts from one address after which there is a wait.',
  }),
  lockoutWindowSeconds: setting('LOCKOUT_WINDOW_SECONDS', {
    ...seconds(60, DAY),
    meaning: 'How long a failed attempt counts.',
  }),
  lockoutFirstWaitSeconds: setting('LOCKOUT_FIRST_WAIT_SECONDS', {
    ...seconds(1, DAY),
    meaning: 'The first wait; each further one is twice as long.',
  }),
  lockoutLongestWaitSeconds: setting('LOCKOUT_LONGEST_WAIT_SECONDS', {
    ...seconds(1, DAY),
    meaning: 'The longest wait.',
  }),
  registrationOpen: setting('REGISTRATION_OPEN', {
    schema: z.boolean(),
    meaning: 'Whether anyone may register an account.',
  }),
  passwordMinScore: setting('PASSWORD_MIN_SCORE', {
    schema: whole(0, 100),
    unit: 'points',
    meaning: 'What a new password must score of 100; 50 stands for 10^8 guesses.',
  }),
  passwordResetSeconds: setting('PASSWORD_RESET_SECONDS', {
    ...seconds(60, DAY),
    meaning: 'Lifetime of a mailed password-reset token.',
  }),
  emailVerificationSeconds: setting('EMAIL_VERIFICATION_SECONDS', {
    ...seconds(60, 30 * DAY),
    meaning: 'Lifetime of a mailed e-mail-verification token.',
  }),
  invitationSeconds: setting('INVITATION_SECONDS', {
    ...seconds(HOUR, 30 * DAY),
    meaning: 'Lifetime of the token in a mail that invites to an account.',
  }),
  accessTokenSeconds: setting('ACCESS_TOKEN_SECONDS', {
    ...seconds(60, DAY),
    meaning: 'Lifetime of access tokens that are given out from now on.',
  }),
  refreshTokenSeconds: setting('REFRESH_TOKEN_SECONDS', {
    ...seconds(HOUR, 365 * DAY),
    meaning: 'Lifetime since its last use of refresh tokens that are given out from now on.',
  }),
  maxUploadBytes: setting('MAX_UPLOAD_BYTES', {
    schema: whole(1, 500 * MIB),
    unit: 'bytes',
    meaning: 'Largest upload. The platform in front has a limit of its own.',
  }),
  maxResumableUploadBytes: setting('MAX_RESUMABLE_UPLOAD_BYTES', {
    schema: whole(1, 45_000 * MIB),
    unit: 'bytes',
    meaning: 'Largest file that is uploaded over several requests.',
  }),
  jobsPerUser: setting('JOBS_PER_USER', {
    schema: whole(1, 100),
    unit: 'jobs',
    meaning: 'Jobs of one user that may run at once; further ones wait for their turn.',
  }),
  jobsAtOnce: setting('JOBS_AT_ONCE', {
    schema: whole(1, 1000),
    unit: 'jobs',
    meaning: 'Jobs that may run at once in all. Whoever runs the fewest goes first.',
  }),
  queryDays: setting('QUERY_DAYS', {
    schema: whole(0, 3650),
    unit: 'days',
    meaning: 'How long searches stay in the history; 0 for ever.',
  }),
  adminsSeeQueries: setting('ADMINS_SEE_QUERIES', {
    schema: z.boolean(),
    meaning: 'Whether administrators see what people search for, and not only how much.',
  }),
  searchCache: setting('SEARCH_CACHE', {
    schema: z.boolean(),
    meaning: 'Whether searches that were asked before are answered from memory while nothing has changed.',
  }),
} satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

const REGISTRY: Record<string, Setting> = SETTINGS;

export const settingNames = Object.keys(REGISTRY);

/** The setting of a name; undefined for any other text. */
export const findSetting = (name: string): Setting | undefined =>
  Object.hasOwn(REGISTRY, name) ? REGISTRY[name] : undefined;

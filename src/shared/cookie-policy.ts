/** Whether browsers may keep sessions in cookies, and from where. */
export type CookiePolicy = {
  isOn: boolean;
  /** Not even on one machine are they sent without TLS. */
  isAlwaysSecure: boolean;
  /** Other origins that may act with them. */
  origins: string[];
};

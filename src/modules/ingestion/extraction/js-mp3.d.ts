declare module 'js-mp3' {
  type Decoder = {
    /** 16-bit samples of the frames that were read, the channels taking turns. */
    buf: ArrayBuffer | null;
    readFrame(): { err?: unknown };
  };
  const mp3: { newDecoder(bytes: ArrayBuffer): Decoder | null };
  export default mp3;
}

import type { Analyser } from './analyser.ts';

/** What the reader of a recording measured in it. */
export const audioAnalyser: Analyser<'audio'> = {
  type: 'audio',
  version: 'audio/measurements@1',
  analyse: ({ measurements }) => measurements['audio'],
};

/** What the reader of a picture measured in it. */
export const imageAnalyser: Analyser<'image'> = {
  type: 'image',
  version: 'image/measurements@1',
  analyse: ({ measurements }) => measurements['image'],
};

import type { Analyser } from './analyser.ts';

/** What the reader of a recording measured in it. The fingerprint is long, and of use only to be compared. */
export const audioAnalyser: Analyser<'audio'> = {
  type: 'audio',
  version: 'audio/measurements@1',
  analyse({ measurements }) {
    if (measurements['audio'] === undefined) return undefined;
    const { fingerprint: _, ...features } = measurements['audio'];
    return features;
  },
};

/** What the reader of a picture measured in it. */
export const imageAnalyser: Analyser<'image'> = {
  type: 'image',
  version: 'image/measurements@1',
  analyse: ({ measurements }) => measurements['image'],
};

/** What the reader of a film measured in it. */
export const videoAnalyser: Analyser<'video'> = {
  type: 'video',
  version: 'video/measurements@1',
  analyse: ({ measurements }) => measurements['video'],
};

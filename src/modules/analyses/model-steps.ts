import { ModelError, type ReadingModels, type Transcript } from '../../platform/models/reading-models.ts';
import type { Archive, ArchivePlace, Reading } from '../ingestion/archive.ts';
import { cleanText } from '../ingestion/extraction/blocks.ts';
import type { Block, ModelStep } from '../ingestion/extraction/extractor.ts';
import { markdownExtractor } from '../ingestion/extraction/markdown.ts';
import { type PagePicture, picturesOf } from '../ingestion/extraction/pdf-pictures.ts';
import type { ModelReading } from '../ingestion/model-reading.ts';
import { formatOf, type MediaFormat } from './media-formats.ts';
import { transcriptBlocks } from './transcript-blocks.ts';

type Deps = { archive: Archive; models: ReadingModels };

export type ModelStepOptions = {
  place: ArchivePlace;
  reading: Pick<Reading, 'kind' | 'models' | 'measurements'>;
  /** The name it was handed in under; its ending tells formats apart that are not read here. */
  filename: string;
  /** Where the same bytes lie that the model has read already. */
  twins: ArchivePlace[];
  /** Called after each page; extends the lease. */
  onProgress: (done: number, total: number) => Promise<void>;
  /** Called before anything is kept; throws when the attempt may not do that any more. */
  beforeKeeping: () => Promise<void>;
};

/** Pages that a model is shown: at some ten seconds each, what one attempt can do. */
const MAX_PAGES = 100;
/** Pages that are with a model at the same time, and in memory. */
const PAGES_AT_ONCE = 4;

/**
 * What models read in a document's bytes. Each result is kept in the archive under the model's name: the same bytes are
 * never shown to the same model twice, and a long scan goes on where it was stopped.
 */
export function createModelSteps({ archive, models }: Deps) {
  /** From an earlier run, or from another document of the owner with the same bytes. */
  const kept = async (step: ModelStep, model: string, { place, reading, twins }: ModelStepOptions) => {
    const own = await archive.getModelReading(place, { step, model });
    const isInText = reading.models.some((used) => used.step === step && used.model === model);
    if (own && isInText) return { own, isNew: false };
    if (own) return { own, isNew: true };
    const copies = await Promise.all(twins.map((twin) => archive.getModelReading(twin, { step, model })));
    const copy = copies.find((found) => found !== undefined);
    return copy && { own: copy, isNew: true };
  };

  const readBytes = async ({ place }: ModelStepOptions): Promise<Uint8Array> => {
    const bytes = await archive.files.readBytes(archive.originalKey(place));
    if (!bytes) throw new ModelError('refused', 'The original file is not in the archive.');
    return bytes;
  };

  const steps: Record<ModelStep, (model: string, options: ModelStepOptions) => Promise<ModelReading>> = {
    async ocr(model, options) {
      const bytes = await readBytes(options);
      if (options.reading.kind === 'pdf') return readPages(model, { bytes, options });
      const text = await models.recogniseText({ bytes, mediaType: pictureType(bytes) });
      const blocks = paragraphsOf(text);
      return { ...empty('ocr', model), pages: [{ page: null, characters: text.length }], blocks };
    },
    async caption(model, options) {
      const bytes = await readBytes(options);
      const text = cleanText(await models.caption({ bytes, mediaType: pictureType(bytes) }));
      return { ...empty('caption', model), blocks: text === '' ? [] : [{ type: 'paragraph', text }] };
    },
    async transcript(model, options) {
      const bytes = await readBytes(options);
      const format = formatOf(bytes);
      if (format === undefined) throw new ModelError('refused', 'It is of a format that no model is known to take.');
      const transcript = await models.transcribe({ bytes, ...format });
      return transcriptReading(model, transcript);
    },
    async markdown(model, options) {
      const bytes = await readBytes(options);
      const extension = /\.(\w{1,8})$/.exec(options.filename)?.[1]?.toLowerCase() ?? 'bin';
      const given: MediaFormat = { mediaType: 'application/octet-stream', extension };
      const markdown = await models.toMarkdown({ bytes, ...given });
      return { ...empty('markdown', model), blocks: await markdownBlocks(markdown) };
    },
  };

  /** The pages on which nothing is written, some at a time; those that an earlier attempt got to are not shown again. */
  const readPages = async (model: string, { bytes, options }: { bytes: Uint8Array; options: ModelStepOptions }) => {
    const { place, beforeKeeping, onProgress } = options;
    const pages = scannedPages(options.reading).slice(0, MAX_PAGES);
    const part = await archive.getModelReading(place, { step: 'ocr', model }, { isWhole: false });
    const reading = part ?? empty('ocr', model);
    const seen = new Set(reading.pages.map(({ page }) => page));
    const left = pages.filter((page) => !seen.has(page));
    for await (const group of inGroups(picturesOf(bytes, left), PAGES_AT_ONCE)) {
      const texts = await Promise.all(
        group.flat().map((picture) => models.recogniseText({ ...picture, mediaType: 'image/png' })),
      );
      addPages(reading, group, texts);
      await beforeKeeping();
      await archive.putModelReading(place, reading, { isWhole: false });
      await onProgress(reading.pages.length, pages.length);
    }
    if (reading.pages.length === 0)
      throw new ModelError('refused', 'Its pages hold no picture that can be shown to a model.');
    return reading;
  };

  return {
    /** @throws ModelError; what `beforeKeeping` throws. */
    async run(step: ModelStep, options: ModelStepOptions): Promise<{ reading: ModelReading; isNew: boolean }> {
      const model = models.modelFor(step);
      if (model === undefined) throw new ModelError('misconfigured', 'No model is configured.');
      const known = await kept(step, model, options);
      if (known && !known.isNew) return { reading: known.own, isNew: false };
      const reading = known?.own ?? (await steps[step](model, options));
      await options.beforeKeeping();
      // Also what was there: the one that was put last is part of the text.
      await archive.putModelReading(options.place, reading, { isWhole: true });
      return { reading, isNew: true };
    },
  };
}

export type ModelSteps = ReturnType<typeof createModelSteps>;

const empty = (step: ModelStep, model: string): ModelReading => ({
  format: 1,
  step,
  model,
  language: null,
  durationMs: null,
  pages: [],
  blocks: [],
});

function pictureType(bytes: Uint8Array): string {
  const { mediaType } = formatOf(bytes) ?? { mediaType: '' };
  if (mediaType.startsWith('image/')) return mediaType;
  throw new ModelError('refused', 'It is a picture of a format that no model is known to take.');
}

/** As the PDF's reader has found them. */
function scannedPages({ measurements }: ModelStepOptions['reading']): number[] {
  const pages = measurements['scan']?.['pages'];
  return Array.isArray(pages) ? pages.filter((page) => typeof page === 'number') : [];
}

async function* inGroups(pages: AsyncIterable<PagePicture[]>, size: number): AsyncGenerator<PagePicture[][]> {
  let group: PagePicture[][] = [];
  for await (const pictures of pages) {
    if (pictures.length === 0) continue;
    group.push(pictures);
    if (group.length === size) {
      yield group;
      group = [];
    }
  }
  if (group.length > 0) yield group;
}

/** @param texts one for each picture of the group, in order. */
function addPages(reading: ModelReading, group: PagePicture[][], texts: string[]): void {
  let next = 0;
  for (const pictures of group) {
    const page = pictures[0]?.page ?? 1;
    const text = texts.slice(next, next + pictures.length).join('\n\n');
    next += pictures.length;
    reading.pages.push({ page, characters: text.length });
    reading.blocks.push(...paragraphsOf(text).map((block) => ({ ...block, page })));
  }
}

const paragraphsOf = (text: string): Block[] =>
  cleanText(text)
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '')
    .map((paragraph) => ({ type: 'paragraph', text: paragraph }));

function transcriptReading(model: string, transcript: Transcript): ModelReading {
  const { language, durationMs } = transcript;
  return { ...empty('transcript', model), language, durationMs, blocks: transcriptBlocks(transcript.segments) };
}

async function markdownBlocks(markdown: string): Promise<Block[]> {
  if (markdown.trim() === '') return [];
  const bytes = new TextEncoder().encode(markdown);
  const { blocks } = await markdownExtractor.extract({ bytes, filename: 'file.md', mediaType: 'text/markdown' });
  return blocks;
}

import { readTextAtMost } from '../../shared/bounded-body.ts';
import { createHostedModels, type HostedModelsOptions } from './hosted-models.ts';
import { dataUrl, pictureMessage, readChatAnswer, readTranscriptAnswer } from './model-answers.ts';
import { ModelError, type ReadingModels } from './reading-models.ts';

const NAME = 'The model service';
/** Text only comes back; far more than any page or hour has. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** Too many requests, too slow a request, a lock: these pass. */
const PASSING = [408, 409, 429];
/** The file itself: of another kind, or larger, than the model takes. */
const ABOUT_THE_FILE = [400, 413, 415, 422];

const MARKDOWN_PROMPT =
  'Convert the content of this file to Markdown: all of its text, headings, lists and tables, in its own language. Answer ' +
  'with the Markdown alone.';
const MARKDOWN_MAX_TOKENS = 16_000;

export type OpenAiSettings = {
  /** Base address, e.g. `https://api.openai.com/v1`; `/chat/completions` and `/audio/transcriptions` follow it. */
  url: string;
  /** Sent as a bearer token; a server of one's own may need none. */
  key?: string | undefined;
};

type Options = HostedModelsOptions & { fetch?: typeof fetch | undefined };

/** Models behind any API that is compatible with OpenAI's: chat that sees pictures, and transcription with segments. */
export function createOpenAiModels({ url, key }: OpenAiSettings, options: Options): ReadingModels {
  const request = options.fetch ?? ((input: string, init: RequestInit) => fetch(input, init));
  const authorization: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };

  const post = async (path: string, init: { headers?: Record<string, string>; body: string | FormData }) => {
    const response = await request(`${url}${path}`, {
      method: 'POST',
      headers: { accept: 'application/json', ...authorization, ...init.headers },
      body: init.body,
      // Whoever the service points to has no business with the key or the content.
      redirect: 'manual',
    }).catch(() => {
      throw new ModelError('unavailable', `${NAME} cannot be reached.`);
    });
    if (response.ok) return readJson(response);
    await response.body?.cancel();
    throw refusal(response.status);
  };

  const chat = async (model: string, messages: unknown[], maxTokens: number): Promise<string> => {
    const body = JSON.stringify({ model, messages, max_tokens: maxTokens, temperature: 0 });
    return readChatAnswer(
      await post('/chat/completions', { headers: { 'content-type': 'application/json' }, body }),
      NAME,
    );
  };

  return createHostedModels(
    {
      name: NAME,
      ask: (model, picture, { prompt, maxTokens }) => chat(model, [pictureMessage(prompt, picture)], maxTokens),
      async transcribe(model, { bytes, mediaType, extension }) {
        const body = new FormData();
        body.set('model', model);
        body.set('response_format', 'verbose_json');
        body.set('file', new File([bytes.slice()], `recording.${extension}`, { type: mediaType }));
        return readTranscriptAnswer(await post('/audio/transcriptions', { body }), NAME);
      },
      toMarkdown(model, file) {
        const content = [
          { type: 'text', text: MARKDOWN_PROMPT },
          { type: 'file', file: { filename: `file.${file.extension}`, file_data: dataUrl(file) } },
        ];
        return chat(model, [{ role: 'user', content }], MARKDOWN_MAX_TOKENS);
      },
    },
    options,
  );
}

function refusal(status: number): ModelError {
  const failure =
    status >= 500 || PASSING.includes(status)
      ? 'unavailable'
      : ABOUT_THE_FILE.includes(status)
        ? 'refused'
        : 'misconfigured';
  return new ModelError(failure, `${NAME} answered ${status}.`);
}

async function readJson({ body }: Response): Promise<unknown> {
  const text = await readTextAtMost(body, MAX_ANSWER_BYTES);
  if (text === undefined) throw new ModelError('refused', `${NAME} answered too much.`);
  try {
    return JSON.parse(text);
  } catch {
    throw new ModelError('unavailable', `${NAME} gave an answer that is no JSON.`);
  }
}

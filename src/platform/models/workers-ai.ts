import { z } from 'zod';
import { createHostedModels, type HostedModelsOptions } from './hosted-models.ts';
import { misread, pictureMessage, readChatAnswer, readTranscriptAnswer } from './model-answers.ts';
import { ModelError, type ReadingModels } from './reading-models.ts';

const NAME = 'Workers AI';

/** The part of the AI binding that reads. */
export type AiReader = {
  run(model: string, input: Record<string, unknown>): Promise<unknown>;
  toMarkdown(files: { name: string; blob: Blob }[]): Promise<unknown>;
};

const markdownSchema = z.tuple([
  z.union([z.object({ format: z.literal('markdown'), data: z.string() }), z.object({ format: z.literal('error') })]),
]);

/** The service says no more of an error than a message. What is neither of these may pass. */
const MISCONFIGURED =
  /no such model|model.{0,40}not found|\bagree\b|licen[cs]e|unauthori[sz]ed|forbidden|not allowed|quota|\b(401|403|404|5007|5018|3036)\b/i;
const REFUSED =
  /invalid|not supported|unsupported|too large|exceed|bad (request|input)|\b(400|413|415|422|3003|3006|5006)\b/i;

/** Models of Workers AI: chat models that see (e.g. `@cf/google/gemma-4-26b-a4b-it`), Whisper, and its Markdown conversion. */
export function createWorkersAiModels(ai: AiReader, options: HostedModelsOptions): ReadingModels {
  const run = async (model: string, input: Record<string, unknown>): Promise<unknown> => {
    try {
      return await ai.run(model, input);
    } catch (error) {
      throw refusal(error);
    }
  };

  return createHostedModels(
    {
      name: NAME,
      async ask(model, picture, { prompt, maxTokens }) {
        const input = { messages: [pictureMessage(prompt, picture)], max_tokens: maxTokens, temperature: 0 };
        return readChatAnswer(await run(model, input), NAME);
      },
      async transcribe(model, { bytes }) {
        const audio = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
        return readTranscriptAnswer(await run(model, { audio }), NAME);
      },
      async toMarkdown(_model, { bytes, mediaType, extension }) {
        const blob = new Blob([bytes.slice()], { type: mediaType });
        const answer = await ai.toMarkdown([{ name: `file.${extension}`, blob }]).catch((error: unknown) => {
          throw refusal(error);
        });
        const { data } = markdownSchema.safeParse(answer);
        if (data === undefined) throw misread(NAME);
        const [file] = data;
        if (file.format === 'markdown') return file.data;
        throw new ModelError('refused', `${NAME} cannot convert this file.`);
      },
    },
    options,
  );
}

function refusal(error: unknown): ModelError {
  const message = error instanceof Error ? error.message : '';
  if (MISCONFIGURED.test(message))
    return new ModelError('misconfigured', `${NAME} does not have the model, or not for this account.`);
  if (REFUSED.test(message)) return new ModelError('refused', `${NAME} refused the request.`);
  return new ModelError('unavailable', `${NAME} does not answer.`);
}

import { env } from 'cloudflare:workers';
import { vi } from 'vitest';

const URL = 'https://models.example/v1';
export const MODELS_KEY = 'sk-secret-of-the-model-service';

/** An isolate with an API of models. Keep it: each has a runtime of its own. */
export const withModels = (models: Record<string, string> = {}): typeof env => {
  const chosen = { OCR_MODEL: 'eye-1', CAPTION_MODEL: 'eye-1', TRANSCRIPT_MODEL: 'ear-1', ...models };
  return Object.assign({ ...env }, { MODELS: 'openai', MODELS_URL: URL, MODELS_KEY, ...chosen });
};

type Asked = { path: string; model: string; prompt: string; authorization: string | null };
type Answer = string | number | object;

/**
 * The API in place of the network: answers by what is asked, and notes it. A number is a status. Whoever calls anything
 * else has made a request that should not be.
 */
export function fakeModels(answers: Record<string, Answer | ((asked: Asked) => Answer)>) {
  const asked: Asked[] = [];
  const spy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const request = new Request(input as string, init as RequestInit);
    if (!request.url.startsWith(URL)) throw new Error(`Nobody should call ${request.url}.`);
    const path = request.url.slice(URL.length);
    const one = { path, authorization: request.headers.get('authorization'), ...(await contentOf(request)) };
    asked.push(one);
    const use = path.startsWith('/audio') ? 'transcript' : useOf(one.prompt);
    const given = answers[use];
    const answer = typeof given === 'function' ? given(one) : (given ?? 500);
    if (typeof answer === 'number') return new Response('no', { status: answer });
    if (typeof answer === 'object') return Response.json(answer);
    return Response.json({ choices: [{ message: { role: 'assistant', content: answer } }] });
  });
  return { asked, stop: () => spy.mockRestore() };
}

const useOf = (prompt: string) =>
  /transcribe all text/i.test(prompt) ? 'ocr' : /markdown/i.test(prompt) ? 'markdown' : 'caption';

async function contentOf(request: Request): Promise<Pick<Asked, 'model' | 'prompt'>> {
  if (request.headers.get('content-type')?.startsWith('multipart/')) {
    return { model: String((await request.formData()).get('model')), prompt: '' };
  }
  const body = await request.json<{ model: string; messages: { content: { text?: string }[] }[] }>();
  return { model: body.model, prompt: body.messages[0]?.content[0]?.text ?? '' };
}

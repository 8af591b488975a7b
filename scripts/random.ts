export { randomFrom } from '../src/shared/random.ts';

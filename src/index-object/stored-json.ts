import { z } from 'zod';
import type { IndexedDocument } from './index.types.ts';

const headings = z.array(z.string());
const document = z.object({
  documentId: z.string(),
  revision: z.number(),
  title: z.string(),
  kind: z.string(),
  profile: z.string(),
  language: z.string().nullable(),
  createdAt: z.number(),
  updatedAt: z.number().optional(),
  sizeBytes: z.number().optional(),
  attributes: z.array(z.tuple([z.string(), z.union([z.string(), z.number(), z.boolean()])])).optional(),
  labels: z.array(z.string()),
  visible: z.boolean(),
  labelTexts: z.array(z.object({ label: z.string(), text: z.string(), version: z.number() })).optional(),
  notes: z.array(z.string()).optional(),
});

export function readHeadings(json: string): string[] {
  return headings.parse(JSON.parse(json));
}

export function readDocument(json: string): IndexedDocument {
  return document.parse(JSON.parse(json));
}

import { AppError, invalidField } from '../../shared/app-error.ts';
import { fieldErrorsOf } from '../../shared/field-errors.ts';
import { type UploadFields, uploadFieldsSchema } from './documents.schemas.ts';

/** What a version has for itself. */
const OF_VERSIONS = ['onDuplicate', 'versionOf'];

/** The text fields of an upload's form. @throws AppError `invalid_fields` */
export function parseFields(fields: Record<string, string>): UploadFields {
  const superfluous = Object.keys(fields).find((name) => !OF_VERSIONS.includes(name));
  if (fields['versionOf'] !== undefined && superfluous !== undefined) {
    throw invalidField(superfluous, 'A new version keeps what its document has; change the document itself.');
  }
  const parsed = uploadFieldsSchema.safeParse(fields);
  if (parsed.success) {
    const { versionOf, onDuplicate = 'version' } = parsed.data;
    if (versionOf === undefined || onDuplicate === 'version') return parsed.data;
    throw invalidField('onDuplicate', 'With `versionOf` it can only be `version`.');
  }
  throw new AppError('invalid_fields', 'Some fields are not valid.', { errors: fieldErrorsOf(parsed.error) });
}

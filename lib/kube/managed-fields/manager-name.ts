/** The name of a field manager, and the options of a patch that concern it. */
import { type FieldProblem, KubejoinError } from '../../errors.ts';
import { isPrintable } from '../../text.ts';
import { forbiddenField, invalid, required, tooLong } from '../object-meta.ts';

const MAX_BYTES = 128;

/**
 * The stated name, or the part of the User-Agent before the slash: printable characters, at most 128 bytes.
 *
 * @source apiserver/pkg/endpoints/handlers/create.go managerOrUserAgent
 */
export function managerName(fieldManager: string, userAgent: string): string {
	if (fieldManager !== '') return fieldManager;
	let name = '';
	let bytes = 0;
	for (const character of userAgent.slice(0, 1024).split('/')[0] ?? '') {
		if (!isPrintable(character)) continue;
		bytes += Buffer.byteLength(character);
		if (bytes > MAX_BYTES) break;
		name += character;
	}
	return name;
}

/** @source apimachinery/pkg/apis/meta/v1/validation ValidateFieldManager, ValidatePatchOptions */
export function patchOptionProblems(
	isApply: boolean,
	{ fieldManager, force }: { readonly fieldManager: string; readonly force?: boolean | undefined },
): FieldProblem[] {
	const problems: FieldProblem[] = [];
	if (!isApply && force !== undefined)
		problems.push(forbiddenField('force', 'may not be specified for non-apply patch'));
	if (isApply && fieldManager === '') problems.push(required('fieldManager', 'is required for apply patch'));
	return [...problems, ...fieldManagerProblems(fieldManager)];
}

export function fieldManagerProblems(fieldManager: string): FieldProblem[] {
	const problems: FieldProblem[] = [];
	if (Buffer.byteLength(fieldManager) > MAX_BYTES) problems.push(tooLong('fieldManager', MAX_BYTES));
	const at = [...fieldManager].findIndex((character) => !isPrintable(character));
	if (at !== -1)
		problems.push(
			invalid('fieldManager', fieldManager, `invalid character ${nameOf(fieldManager, at)} (at position ${at})`),
		);
	return problems;
}
const nameOf = (text: string, at: number): string =>
	`U+${([...text][at]?.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/** @throws API_INVALID */
export function requirePatchOptions(problems: readonly FieldProblem[]): void {
	if (problems.length === 0) return;
	throw new KubejoinError('API_INVALID', { kind: 'PatchOptions', group: 'meta.k8s.io', name: '', causes: problems });
}

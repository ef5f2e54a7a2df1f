/** The refusal of an apply whose fields other managers own. @source apimachinery managedfields/internal/conflict.go */
import { KubejoinError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Owner } from './entries.ts';
import { pathsOf } from './field-set.ts';
import type { Conflict } from './ownership.ts';
import { compareTexts, pathText } from './path-element.ts';

export function applyConflict(conflicts: readonly Conflict[]): KubejoinError {
	const named = conflicts
		.map(({ owner, fields }) => ({ manager: managerText(owner), fields: pathsOf(fields).map(pathText) }))
		.sort((left, right) => compareTexts(left.manager, right.manager))
		.flatMap(({ manager, fields }) => fields.map((field) => ({ manager, field })));
	const causes = named.slice(0, limits.fieldProblems.value).map(({ manager, field }) => ({
		reason: 'FieldManagerConflict',
		message: `conflict with ${manager}`,
		field,
	}));
	const [only] = named;
	if (only !== undefined && named.length === 1) {
		const conflicts = `1 conflict: conflict with ${only.manager}: ${only.field}`;
		return new KubejoinError('API_APPLY_CONFLICT', { conflicts, causes });
	}
	const lines = named.flatMap(({ manager, field }, at) => [
		...(manager === named[at - 1]?.manager ? [] : [`conflicts with ${manager}:`]),
		`- ${field}`,
	]);
	const [first = '', ...rest] = lines;
	const count = `${named.length} conflicts: ${first}`;
	return new KubejoinError('API_APPLY_CONFLICT', { conflicts: count, lines: rest.slice(0, MAX_LINES), causes });
}
const MAX_LINES = 200;

function managerText({ manager, subresource, operation, apiVersion }: Owner): string {
	const name = JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`);
	return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}

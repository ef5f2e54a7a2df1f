import { KubejoinError } from '../../../lib/errors.ts';
import { pathSegmentProblems } from '../../../lib/kube/names.ts';
import { quotedInput } from './go-text.ts';

/**
 * The name must be one part of a path.
 *
 * @throws API_BAD_REQUEST
 * @source apiserver/pkg/registry/generic/registry/store.go NamespaceKeyFunc; api/validation/path IsValidPathSegmentName
 */
export function requireNameParameter(name: string): void {
	const problems = name === '' ? [] : pathSegmentProblems(name);
	if (name !== '' && problems.length === 0) return;
	const problem =
		name === '' ? 'Name parameter required.' : `Name parameter invalid: ${quotedInput(name)}: ${problems.join(';')}`;
	throw new KubejoinError('API_BAD_REQUEST', { problem });
}

/**
 * The 403 that a refused caller reads, in upstream's words. It explains a decision that was made elsewhere; it never
 * makes one.
 */
import { KubejoinError } from '../../../lib/errors.ts';
import type { Attributes } from './attributes.ts';
import { quoted, quotedInput } from './go-text.ts';

const htmlEscapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
/** So that no answer looks like HTML to a browser; quotes stay. */
const withoutHtml = (text: string) => text.replace(/[&<>]/g, (character) => htmlEscapes[character] ?? character);

function cannot(attributes: Attributes): string {
	const { user, verb } = attributes;
	if (!attributes.resourceRequest)
		return `User ${quoted(user.username)} cannot ${verb} path ${quotedInput(attributes.path)}`;
	const { apiGroup, namespace, subresource } = attributes;
	const resource = subresource === '' ? attributes.resource : `${attributes.resource}/${subresource}`;
	const scope = namespace === '' ? 'at the cluster scope' : `in the namespace ${quotedInput(namespace)}`;
	return (
		`User ${quoted(user.username)} cannot ${verb} resource ${quotedInput(resource)} ` +
		`in API group ${quotedInput(apiGroup)} ${scope}`
	);
}

/**
 * The text after `is forbidden: `. The authorizers' reason, if there is one, follows as it is.
 * @source apiserver/pkg/endpoints/handlers/responsewriters/errors.go
 */
export function forbiddenMessage(attributes: Attributes, reason: string): string {
	const message = withoutHtml(cannot(attributes));
	return reason === '' ? message : `${message}: ${reason}`;
}

/**
 * The failure of a request that no authorizer allowed: API_FORBIDDEN, or API_PATH_FORBIDDEN for a path that is no
 * resource.
 */
export function forbidden(
	attributes: Attributes,
	reason: string,
): KubejoinError<'API_FORBIDDEN' | 'API_PATH_FORBIDDEN'> {
	const because = forbiddenMessage(attributes, reason);
	if (!attributes.resourceRequest) return new KubejoinError('API_PATH_FORBIDDEN', { because });
	const { resource, apiGroup: group, name } = attributes;
	return new KubejoinError('API_FORBIDDEN', { resource, group, name, because });
}

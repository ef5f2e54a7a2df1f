/** The name of a field manager. */
import { limits } from '../../limits.ts';
import { isPrintable } from '../../text.ts';

/**
 * The stated name, or the part of the User-Agent before the slash: its printable characters, up to the limit.
 *
 * @source apiserver/pkg/endpoints/handlers/create.go managerOrUserAgent
 */
export function managerName(fieldManager: string, userAgent: string): string {
	if (fieldManager !== '') return fieldManager;
	const [product = ''] = userAgent.slice(0, 1024).split('/', 1);
	if (product.length <= limits.fieldManagerBytes.value && /^[ -~]*$/.test(product)) return product;
	let name = '';
	let bytes = 0;
	for (const character of product) {
		if (!isPrintable(character)) continue;
		bytes += Buffer.byteLength(character);
		if (bytes > limits.fieldManagerBytes.value) break;
		name += character;
	}
	return name;
}

/** Prints objects for `-o json`, `-o yaml` and `-o name`, byte for byte as Go's encoders. */
import { escapeHtml } from '../../lib/codec/escape-html.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import { isPrintable, printable, printableJson, printableLines } from '../../lib/text.ts';

export type ObjectFormat = 'json' | 'yaml' | 'name';

/** Keeps the order of keys. @source Go encoding/json MarshalIndent, which escapes characters of HTML */
export const toJson = (value: unknown, indent = 4): string =>
	`${escapeHtml(printableJson(JSON.stringify(value, null, indent)))}\n`;

/** Sorts keys. @source sigs.k8s.io/yaml, which quotes texts that YAML 1.1 would read as another type */
export async function toYaml(value: unknown): Promise<string> {
	const { Document, visit } = await import('./yaml-document.ts');
	const document = new Document(value, { sortMapEntries: true, aliasDuplicateObjects: false, compat: 'yaml-1.1' });
	// YAML has escapes only between double quotes.
	visit(document, {
		Scalar(_key, node) {
			if (typeof node.value === 'string' && !isPrintable(node.value)) node.type = 'QUOTE_DOUBLE';
		},
	});
	return printableLines(document.toString({ indentSeq: false, lineWidth: 0 }));
}

/** An object of the API is a map in Go, whose keys are sorted. */
export async function printKubeObject(object: object, format: 'json' | 'yaml'): Promise<string> {
	return format === 'json' ? toJson(withSortedKeys(object)) : await toYaml(object);
}

function withSortedKeys(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(withSortedKeys);
	if (typeof value !== 'object' || value === null) return value;
	const entries = Object.entries(value).map(([key, item]) => [key, withSortedKeys(item)] as const);
	return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `node/worker-1`, `certificatesigningrequest.certificates.k8s.io/csr-x`. */
export function qualifiedName({ apiVersion, kind, metadata }: KubeObject): string {
	const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
	return printable(`${kind.toLowerCase()}${group}/${metadata.name}`);
}

/**
 * The annotation of client-side apply: `kubectl apply --server-side` takes over the fields that it states, and keeps it
 * up to date.
 *
 * @source apimachinery/pkg/util/managedfields/internal/lastappliedmanager.go, lastappliedupdater.go
 */
import { isJsonObject, type JsonObject } from '../../json-object.ts';
import { requireBounded } from '../json-depth.ts';
import { goForm } from '../schema/go-form.ts';
import type { KubeType } from '../schema/schema.ts';
import type { KubeObject } from '../types.ts';
import { compareObjects } from './compare.ts';
import { difference, type FieldSet } from './field-set.ts';
import { setOfObject } from './set-of-object.ts';

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** The fields of the annotation that the live object has with the same values; undefined without an annotation. */
export function forcesLastApplied(type: KubeType, live: KubeObject): FieldSet | undefined {
	const text = live.metadata.annotations?.[annotation];
	if (!text) return undefined;
	try {
		const last: unknown = JSON.parse(text);
		requireBounded(last);
		if (!isJsonObject(last) || last.apiVersion !== live.apiVersion) return undefined;
		const { removed, modified, added } = compareObjects(type, last, goForm(type, live));
		return [modified, added, removed].reduce(difference, setOfObject(type, last));
	} catch {
		// The annotation is a client's text: without a readable one, conflicts stay conflicts.
		return undefined;
	}
}

export function withLastApplied(object: KubeObject, applied: KubeObject): KubeObject {
	if (!object.metadata.annotations?.[annotation]) return object;
	const { [annotation]: _last, ...annotations } = applied.metadata.annotations ?? {};
	const metadata = {
		...applied.metadata,
		...(applied.metadata.annotations === undefined ? {} : { annotations }),
	};
	const text = `${JSON.stringify(sortedDeep({ ...applied, metadata } as unknown as JsonObject))}\n`;
	const { metadata: live } = object;
	return { ...object, metadata: { ...live, annotations: { ...live.annotations, [annotation]: text } } };
}

/** Unstructured objects are written sorted by name. */
function sortedDeep(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(sortedDeep);
	if (!isJsonObject(value)) return value;
	const names = Object.keys(value).sort();
	return Object.fromEntries(names.map((name) => [name, sortedDeep(value[name])]));
}

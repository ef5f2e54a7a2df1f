/** The events of an object, as the last part of `kubectl describe`. */
import type { ApiClient } from '../../lib/kube/client.ts';
import { since } from '../../lib/kube/columns/cell.ts';
import type { Event, KubeObject } from '../../lib/kube/types.ts';
import { printable } from '../../lib/text.ts';

export type EventsApi = { readonly events: Pick<ApiClient['events'], 'list'> };

/**
 * Without the right to list events there are none, as with kubectl.
 *
 * @param uid  that the events have for the object
 * @source kubectl pkg/describe/describe.go searchEvents
 */
export async function eventsOf(
	{ kind, metadata: { name = '', namespace = '', uid } }: KubeObject,
	{ events }: EventsApi,
): Promise<Event[]> {
	const fields = Object.entries({ name, namespace, kind, ...(uid && { uid }) });
	const fieldSelector = fields.map(([field, value]) => `involvedObject.${field}=${value}`).join(',');
	return await events.list({ fieldSelector }).then(
		({ items }) => [...items],
		() => [],
	);
}

/**
 * A kubelet writes the name of its node as the uid in some events.
 *
 * @source kubectl pkg/describe/describe.go NodeDescriber.Describe
 */
export async function eventsOfNode(node: KubeObject, api: EventsApi): Promise<Event[]> {
	const withNameAsUid = { ...node, metadata: { ...node.metadata, uid: node.metadata.name ?? '' } };
	return (await Promise.all([eventsOf(node, api), eventsOf(withNameAsUid, api)])).flat();
}

/** @source kubectl pkg/describe/describe.go DescribeEvents */
export function eventLines(events: readonly Event[], nowMs: number): string[] {
	if (events.length === 0) return ['Events:\t<none>'];
	return [
		'Events:',
		'  Type\tReason\tAge\tFrom\tMessage',
		'  ----\t------\t----\t----\t-------',
		...events
			.toSorted((a, b) => lastMs(a) - lastMs(b))
			.map((event) => {
				const { type = '', reason = '', source, reportingComponent = '', message = '' } = event;
				const from = source?.component || reportingComponent;
				return `  ${[type, reason, ageOf(event, nowMs), from, message.trim()].map((cell) => printable(cell)).join('\t')}`;
			}),
	];
}

/** An event without this time is the first. */
const lastMs = ({ lastTimestamp }: Event): number =>
	lastTimestamp ? Date.parse(lastTimestamp) : Number.MIN_SAFE_INTEGER;

/** `2m`, or `3s (x4 over 2m)` of an event that repeats. */
function ageOf({ eventTime, firstTimestamp, lastTimestamp, series, count = 0 }: Event, nowMs: number): string {
	const first = since(eventTime ?? firstTimestamp, nowMs);
	if (series !== undefined) return `${since(series.lastObservedTime, nowMs)} (x${series.count ?? 0} over ${first})`;
	return count > 1 ? `${since(lastTimestamp, nowMs)} (x${count} over ${first})` : first;
}

/**
 * Events of the group events.k8s.io. They are those of the core group, with other names for some fields.
 *
 * @source pkg/apis/events/v1/conversion.go
 */
import type { Event, KubeObject, ObjectReference } from '../types.ts';

export interface GroupEvent extends KubeObject {
	readonly regarding?: ObjectReference;
	readonly note?: string;
	readonly reportingController?: string;
	readonly deprecatedSource?: Event['source'];
	readonly deprecatedFirstTimestamp?: string | null;
	readonly deprecatedLastTimestamp?: string | null;
	readonly deprecatedCount?: number;
}

const renamed = {
	involvedObject: 'regarding',
	message: 'note',
	reportingComponent: 'reportingController',
	source: 'deprecatedSource',
	firstTimestamp: 'deprecatedFirstTimestamp',
	lastTimestamp: 'deprecatedLastTimestamp',
	count: 'deprecatedCount',
} as const;
const back: Readonly<Record<string, string>> = Object.fromEntries(
	Object.entries(renamed).map(([core, group]) => [group, core]),
);

const nameIn = (names: Readonly<Record<string, string>>, name: string): string =>
	Object.hasOwn(names, name) ? (names[name] ?? name) : name;
const rename = (object: object, names: Readonly<Record<string, string>>): Record<string, unknown> =>
	Object.fromEntries(Object.entries(object).map(([name, value]) => [nameIn(names, name), value]));

export const toCore = (event: KubeObject): Event => ({
	...(rename(event, back) as unknown as Event),
	apiVersion: 'v1',
	kind: 'Event',
});
export const toGroup = (event: KubeObject): GroupEvent => ({
	...(rename(event, renamed) as unknown as GroupEvent),
	apiVersion: 'events.k8s.io/v1',
	kind: 'Event',
});

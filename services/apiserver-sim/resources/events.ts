/**
 * Events. The two groups are two shapes of the same objects: an event that is written through one is read through the
 * other.
 *
 * @source pkg/registry/core/event/strategy.go, pkg/apis/core/validation/events.go, pkg/apis/events/v1/conversion.go
 */
import { isDeepStrictEqual } from 'node:util';
import { type FieldProblem, KubejoinError } from '../../../lib/errors.ts';
import { toCore, toGroup } from '../../../lib/kube/events/group-event.ts';
import { pathSegmentProblems, qualifiedNameProblems, subdomainProblems } from '../../../lib/kube/names.ts';
import { invalid, metadataProblems, nameProblems, required, requireValid } from '../../../lib/kube/object-meta.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { Event, KubeObject, WatchEvent } from '../../../lib/kube/types.ts';
import { newFinalizerProblems } from '../registry/create.ts';
import type { Strategy } from '../registry.ts';
import type { ApiRequest, ObjectList, ResourceStorage } from '../request/api-request.ts';
import { kindStrategy } from './kind.ts';

const MAX_BYTES = { reportingInstance: 128, action: 128, reason: 128, message: 1024 } as const;

function validate(event: Event, field = 'reportingComponent'): FieldProblem[] {
	const { metadata, involvedObject: { namespace: of = '' } = {}, eventTime, reportingComponent = '' } = event;
	const { namespace = '' } = metadata;
	const elsewhere = [invalid('involvedObject.namespace', of, 'does not match event.namespace')];
	if (!eventTime) return of === namespace || (of === '' && namespace === 'default') ? [] : elsewhere;
	return [
		...(of === '' && namespace !== 'default' && namespace !== 'kube-system' ? elsewhere : []),
		...(reportingComponent === '' ? [required(field)] : []),
		...qualifiedNameProblems(reportingComponent).map((detail) => invalid(field, reportingComponent, detail)),
		...(['reportingInstance', 'action', 'reason'] as const).flatMap((name) =>
			(event[name] ?? '') === '' ? [required(name)] : [],
		),
		...Object.entries(MAX_BYTES).flatMap(([name, max]) =>
			Buffer.byteLength(event[name as keyof typeof MAX_BYTES] ?? '') > max
				? [invalid(name, '', `can have at most ${max} characters`)]
				: [],
		),
	];
}

/** A new event of the newer group may not use the fields of the older one. @source ValidateEventCreate */
function newGroupEventProblems(event: Event): FieldProblem[] {
	const { eventTime, type = '', series, firstTimestamp, lastTimestamp, count, source } = event;
	const unset = (name: string) => invalid(name, '', 'needs to be unset');
	return [
		...validate(event, 'reportingController'),
		...nameProblems(event.metadata, subdomainProblems),
		...metadataProblems(event.metadata),
		...seriesProblems(series),
		...(eventTime ? [] : [required('eventTime')]),
		...(type === 'Normal' || type === 'Warning' ? [] : [invalid('type', '', `has invalid value: ${type}`)]),
		...(firstTimestamp ? [unset('firstTimestamp')] : []),
		...(lastTimestamp ? [unset('lastTimestamp')] : []),
		...(count ? [unset('count')] : []),
		...(source?.component || source?.host ? [unset('source')] : []),
	];
}

export const events = kindStrategy<Event>(resources.events, {
	allowsCreateOnUpdate: true,
	isIgnoredByGarbageCollection: true,
	nameRule: pathSegmentProblems,
	validate: (event) => validate(event),
	fields(event) {
		const { involvedObject: of = {}, reason = '', type = '', source, reportingComponent = '' } = event;
		return {
			'involvedObject.kind': of.kind ?? '',
			'involvedObject.namespace': of.namespace ?? '',
			'involvedObject.name': of.name ?? '',
			'involvedObject.uid': of.uid ?? '',
			'involvedObject.apiVersion': of.apiVersion ?? '',
			'involvedObject.resourceVersion': of.resourceVersion ?? '',
			'involvedObject.fieldPath': of.fieldPath ?? '',
			reason,
			reportingComponent,
			source: source?.component || reportingComponent,
			type,
		};
	},
});

/** As Go prints a reference. */
const referenceInGo = (reference: object | undefined): object | null => {
	if (reference === undefined) return null;
	const of = reference as Readonly<Record<string, unknown>>;
	const names = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];
	const goNames: Readonly<Record<string, string>> = { uid: 'UID', apiVersion: 'APIVersion' };
	const goName = (name: string) => goNames[name] ?? `${name[0]?.toUpperCase()}${name.slice(1)}`;
	return Object.fromEntries(names.map((name) => [goName(name), of[name] ?? '']));
};
const sourceInGo = (source: Event['source']) => ({ Component: source?.component ?? '', Host: source?.host ?? '' });
const toMicroseconds = (time: string | null | undefined): string | undefined => time?.replace(/(\.\d{6})\d+/, '$1');

/** An event of the newer group changes its series only. @source ValidateEventUpdate */
function groupChangeProblems(next: Event, previous: Event): FieldProblem[] {
	const fixed = (field: string, after: unknown, before: unknown, value: unknown = after): FieldProblem[] =>
		isDeepStrictEqual(after, before) ? [] : [invalid(field, value, 'field is immutable')];
	const text = (name: 'action' | 'message' | 'reason' | 'reportingInstance' | 'type') =>
		fixed(name, next[name] ?? '', previous[name] ?? '');
	const { involvedObject, related, series, eventTime, reportingComponent: controller = '' } = next;
	const isSeriesChanged = !isDeepStrictEqual(series, previous.series);
	return [
		...newFinalizerProblems(next.metadata),
		...(isSeriesChanged ? seriesProblems(series) : []),
		...fixed('involvedObject', referenceInGo(involvedObject ?? {}), referenceInGo(previous.involvedObject ?? {})),
		...['reason' as const, 'message' as const].flatMap(text),
		...fixed('source', sourceInGo(next.source), sourceInGo(previous.source)),
		...fixed('firstTimestamp', next.firstTimestamp ?? null, previous.firstTimestamp ?? null),
		...fixed('lastTimestamp', next.lastTimestamp ?? null, previous.lastTimestamp ?? null),
		...fixed('count', next.count ?? 0, previous.count ?? 0),
		...text('type'),
		...fixed('eventTime', toMicroseconds(eventTime), toMicroseconds(previous.eventTime), eventTime ?? null),
		...text('action'),
		...fixed('related', referenceInGo(related), referenceInGo(previous.related)),
		...fixed('reportingController', controller, previous.reportingComponent ?? ''),
		...text('reportingInstance'),
	];
}

const seriesProblems = (series: Event['series']): FieldProblem[] =>
	series === undefined
		? []
		: [
				...((series.count ?? 0) < 2 ? [invalid('series.count', '', 'should be at least 2')] : []),
				...(series.lastObservedTime ? [] : [required('series.lastObservedTime')]),
			];

/** Of the objects that are written through events.k8s.io. */
export const changedGroupEvents: Strategy<Event> = {
	...events,
	form: { resource: resources.groupEvents, to: toGroup, from: toCore },
	/** Upstream reports the problems of the event before those of its metadata, which it then validates again. */
	prepareForCreate(event) {
		requireValid(resources.events, event.metadata.name ?? '', newGroupEventProblems(event));
		return event;
	},
	validate: (event) => validate(event, 'reportingController'),
	validateUpdate: groupChangeProblems,
};

const selectable = new Set(['reason', 'type', 'metadata.name', 'metadata.namespace']);

/** @throws API_BAD_REQUEST @source pkg/apis/events/v1/conversion.go AddFieldLabelConversionsForEvent */
function coreField(field: string): string {
	if (selectable.has(field)) return field;
	if (field === 'reportingController') return 'reportingComponent';
	if (field.startsWith('regarding.')) return field.replace('regarding', 'involvedObject');
	throw new KubejoinError('API_BAD_REQUEST', { problem: `field label not supported: ${field}` });
}

/** The same objects through the group events.k8s.io. */
export function groupEvents(core: ResourceStorage): ResourceStorage {
	const sent = (request: ApiRequest): ApiRequest => ({
		...request,
		resource: resources.events,
		object: request.object === undefined ? undefined : toCore(request.object),
		fieldSelector: request.fieldSelector.map((one) => ({ ...one, field: coreField(one.field) })),
	});
	const answered = async (answer: Promise<KubeObject> | undefined) => toGroup((await answer) as KubeObject);
	const listed = async (answer: Promise<ObjectList> | undefined): Promise<ObjectList> => {
		const list = (await answer) as ObjectList;
		return { ...list, items: list.items.map(toGroup) };
	};
	return {
		subresources: [],
		create: (request) => answered(core.create?.(sent(request))),
		get: (request) => answered(core.get?.(sent(request))),
		list: (request) => listed(core.list?.(sent(request))),
		update: (request) => answered(core.update?.(sent(request))),
		...(core.patch === undefined ? {} : { patch: (request) => answered(core.patch?.(sent(request))) }),
		delete: (request) => answered(core.delete?.(sent(request))),
		...(core.deletecollection === undefined
			? {}
			: { deletecollection: (request) => listed(core.deletecollection?.(sent(request))) }),
		watch: async (request) => inGroup(await core.watch?.(sent(request))),
	};
}

async function* inGroup(events: AsyncIterable<WatchEvent<KubeObject>> | undefined) {
	for await (const event of events ?? []) yield { ...event, object: toGroup(event.object) };
}

/**
 * The annotations that chose a profile of seccomp or AppArmor before the fields of a security context did.
 *
 * @source pkg/apis/core/validation ValidateSeccompPodAnnotations, ValidateAppArmorPodAnnotations,
 *   validateSeccompAnnotationsAndFields, validateAppArmorAnnotationsAndFieldsMatchOnCreate;
 *   pkg/registry/core/pod/strategy.go applyAppArmorVersionSkew, release 1.37
 */
import { isDeepStrictEqual } from 'node:util';
import type { FieldProblem } from '../../../../lib/errors.ts';
import { forbiddenField, invalid } from '../../../../lib/kube/object-meta.ts';
import type { Container, Pod, PodSpec } from '../../../../lib/kube/pod.ts';
import { collected, containersOf, type Fields, fieldsOf, isSet, relativePath, textOf } from './rule.ts';
import { appArmorProfile } from './security.ts';

export type Annotations = Readonly<Record<string, string>>;

export const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
export const SECCOMP_OF = 'container.seccomp.security.alpha.kubernetes.io/';
export const APP_ARMOR_OF = 'container.apparmor.security.beta.kubernetes.io/';
const LOCALHOST = 'localhost/';
const defaultProfiles = ['runtime/default', 'docker/default'];

function seccompProblems(profile: string, at: string): FieldProblem[] {
	if (profile === 'unconfined' || defaultProfiles.includes(profile)) return [];
	if (profile.startsWith(LOCALHOST)) return relativePath(profile.slice(LOCALHOST.length), at);
	return [invalid(at, profile, 'must be a valid seccomp profile')];
}

/** Upstream visits the annotations in an order of chance; here they are sorted. */
export function profileProblems(annotations: Annotations, spec: PodSpec, at: string): FieldProblem[] {
	const names = new Set(containersOf(fieldsOf(spec), '').map(([{ name }]) => textOf(name)));
	const ofPod = annotations[SECCOMP_POD];
	const keys = Object.keys(annotations).toSorted();
	return [
		...(ofPod === undefined ? [] : seccompProblems(ofPod, `${at}.${SECCOMP_POD}`)),
		...collected(keys, (key) =>
			key.startsWith(SECCOMP_OF) ? seccompProblems(annotations[key] ?? '', `${at}.${key}`) : [],
		),
		...collected(keys, (key) => {
			if (!key.startsWith(APP_ARMOR_OF)) return [];
			const [container, profile] = [key.slice(APP_ARMOR_OF.length), annotations[key] ?? ''];
			const isValid = ['', 'runtime/default', 'unconfined'].includes(profile) || profile.startsWith(LOCALHOST);
			const detail = `invalid AppArmor profile name: ${JSON.stringify(profile)}`;
			return [
				...(names.has(container) ? [] : [invalid(`${at}[${key}]`, container, 'container not found')]),
				...(isValid ? [] : [invalid(`${at}[${key}]`, profile, detail)]),
			];
		}),
	];
}

/** A field that says something else than the annotation of the same profile. */
function mismatch(annotation: string | undefined, profile: unknown, at: string, kind: string): FieldProblem[] {
	if (annotation === undefined || !isSet(profile)) return [];
	const { type, localhostProfile } = fieldsOf(profile);
	const other = forbiddenField(`${at}.type`, `${kind} type in annotation and field must match`);
	if (type === 'Unconfined') return annotation === 'unconfined' ? [] : [other];
	const isDefault = kind === 'seccomp' ? defaultProfiles.includes(annotation) : annotation === 'runtime/default';
	if (type === 'RuntimeDefault') return isDefault ? [] : [other];
	if (type !== 'Localhost') return [];
	if (!annotation.startsWith(LOCALHOST)) return [other];
	if (annotation.slice(LOCALHOST.length) === localhostProfile) return [];
	return [forbiddenField(`${at}.localhostProfile`, `${kind} profile in annotation and field must match`)];
}

/** Of a new pod or a template. */
export function mismatchedProfiles(annotations: Annotations, podSpec: PodSpec, at: string): FieldProblem[] {
	const spec = fieldsOf(podSpec);
	const ofPod = fieldsOf(spec.securityContext);
	const containers = containersOf(spec, at).map(([{ name, securityContext }, path]) => ({
		name: textOf(name),
		context: fieldsOf(securityContext),
		path: `${path}.securityContext`,
	}));
	return [
		...mismatch(annotations[SECCOMP_POD], ofPod.seccompProfile, `${at}.securityContext.seccompProfile`, 'seccomp'),
		...collected(containers, ({ name, context, path }) =>
			mismatch(annotations[`${SECCOMP_OF}${name}`], context.seccompProfile, `${path}.seccompProfile`, 'seccomp'),
		),
		...(isWindows(spec)
			? []
			: collected(containers, ({ name, context, path }) => {
					const profile = context.appArmorProfile ?? ofPod.appArmorProfile;
					return mismatch(annotations[`${APP_ARMOR_OF}${name}`], profile, `${path}.appArmorProfile`, 'apparmor');
				})),
	];
}

const isWindows = ({ os }: Fields): boolean => fieldsOf(os).name === 'windows';

/** The annotation as the field has it; undefined for one that means nothing. @source ApparmorFieldForAnnotation */
function profileOf(annotation: string): object | undefined {
	if (annotation === 'unconfined') return { type: 'Unconfined' };
	if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
	const localhostProfile = annotation.startsWith(LOCALHOST) ? annotation.slice(LOCALHOST.length) : '';
	return localhostProfile === '' ? undefined : { type: 'Localhost', localhostProfile };
}

/** The profile that an annotation alone gives a container; undefined without one, or with a field beside it. */
function annotated({ name, securityContext }: Fields, annotations: Annotations): string | undefined {
	if (isSet(fieldsOf(securityContext).appArmorProfile)) return undefined;
	return annotations[`${APP_ARMOR_OF}${textOf(name)}`];
}

/** A new pod with the fields of its annotations. */
export function withAnnotatedProfiles(pod: Pod): Pod {
	const { metadata, spec } = pod;
	const annotations = metadata.annotations ?? {};
	if (spec === undefined || isWindows(fieldsOf(spec)) || !hasAppArmor(annotations)) return pod;
	const complete = (container: Container): Container => {
		const profile = profileOf(annotated(fieldsOf(container), annotations) ?? '');
		const isOfPod = isDeepStrictEqual(profile, fieldsOf(spec.securityContext).appArmorProfile);
		if (profile === undefined || isOfPod || appArmorProfile(profile, '').length > 0) return container;
		return { ...container, securityContext: { ...fieldsOf(container.securityContext), appArmorProfile: profile } };
	};
	const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const;
	const changed = lists.flatMap((list) => (spec[list] === undefined ? [] : [[list, spec[list].map(complete)]]));
	return { ...pod, spec: { ...spec, ...Object.fromEntries(changed) } };
}
const hasAppArmor = (annotations: Annotations): boolean =>
	Object.keys(annotations).some((key) => key.startsWith(APP_ARMOR_OF));

/** Of an annotation without a field. @param at  the path of the annotations */
export function* appArmorWarning(container: Fields, spec: Fields, annotations: Annotations, at: string) {
	const annotation = annotated(container, annotations);
	if (annotation === undefined) return;
	const profile = profileOf(annotation);
	if (profile !== undefined && isDeepStrictEqual(profile, fieldsOf(spec.securityContext).appArmorProfile)) return;
	yield `${at}[${APP_ARMOR_OF}${textOf(container.name)}]: deprecated since v1.30; use the "appArmorProfile" field instead`;
}

/** Of a pod whose annotations have not become fields yet. */
export function* newPodProfileWarnings({ metadata: { annotations = {} }, spec }: Pod): Generator<string> {
	const fields = fieldsOf(spec);
	if (isWindows(fields) || !hasAppArmor(annotations)) return;
	for (const [container] of containersOf(fields, ''))
		yield* appArmorWarning(container, fields, annotations, 'metadata.annotations');
}

/**
 * Templates of pods. They are stored, and no controller makes pods of them.
 *
 * @source pkg/registry/core/podtemplate/strategy.go; ValidatePodTemplateSpec, release 1.37
 */
import { annotationsProblems, forbiddenField, labelsProblems } from '../../../lib/kube/object-meta.ts';
import type { PodTemplate } from '../../../lib/kube/pod.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { Strategy } from '../registry.ts';
import { disabledInPods, without } from './disabled-fields.ts';
import { kindStrategy } from './kind.ts';
import { mismatchedProfiles } from './pod-rules/profiles.ts';
import { annotationProblems, specProblems } from './pod-rules/spec.ts';
import { podWarnings } from './pod-rules/warnings.ts';
import { withSpecDefaults } from './pods.ts';

const base = kindStrategy<PodTemplate>(resources.podTemplates, {
	generationOf: ({ template }) => template,
	setDefaults: ({ template, ...object }) => ({
		...object,
		template: { ...template, spec: withSpecDefaults(template?.spec ?? {}) },
	}),
	warningsOf: ({ metadata: { generation }, template }, previous) =>
		generation === previous?.metadata.generation
			? []
			: podWarnings(template?.spec ?? {}, template?.metadata ?? {}, 'template.'),
	validate({ template: { metadata = {}, spec = {} } = {} }) {
		const debug = spec.ephemeralContainers ?? [];
		const detail = 'ephemeral containers not allowed in pod template';
		return [
			...labelsProblems(metadata.labels, 'template.labels'),
			...annotationsProblems(metadata.annotations, 'template.annotations'),
			...annotationProblems(metadata, spec, 'template.annotations'),
			...specProblems(spec, 'template.spec'),
			...mismatchedProfiles(metadata.annotations ?? {}, spec, 'template.spec'),
			...(debug.length === 0 ? [] : [forbiddenField('template.spec.ephemeralContainers', detail)]),
		];
	},
});

const withoutDisabled = (object: PodTemplate): PodTemplate =>
	without(object, { template: { metadata: { managedFields: true }, spec: disabledInPods } });
export const podTemplates: Strategy<PodTemplate> = {
	...base,
	prepareForCreate: (created) => withoutDisabled(created),
	prepareForUpdate: (next) => withoutDisabled(next),
};

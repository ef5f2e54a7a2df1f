import assert from 'node:assert/strict';
import { addEnumerations, enumerationsIn, type Schemas } from './enumerations.ts';

const source = `package openapi

func schema_k8sio_api_core_v1_Taint(ref common.ReferenceCallback) common.OpenAPIDefinition {
	return common.OpenAPIDefinition{
		Schema: spec.Schema{
			SchemaProps: spec.SchemaProps{
				Properties: map[string]spec.Schema{
					"key": {
						SchemaProps: spec.SchemaProps{
							Description: "The key.",
						},
					},
					"effect": {
						SchemaProps: spec.SchemaProps{
							Description: "The effect.\\n\\nPossible enum values:\\n - \`\\"NoExecute\\"\` evicts",
							Type:        []string{"string"},
							Enum:        []interface{}{"NoExecute", "NoSchedule"},
						},
					},
					"modes": {
						SchemaProps: spec.SchemaProps{
							Description: "The modes.",
							Items: &spec.SchemaOrArray{
								Schema: &spec.Schema{
									SchemaProps: spec.SchemaProps{
										Enum: []interface{}{"A"},
									},
								},
							},
						},
					},
				},
			},
		},
	}
}
`;

describe('the enumerations of the OpenAPI documents', () => {
	it('come from the generated code, with the description of the field', () => {
		const schemas: Schemas = {
			'io.k8s.api.core.v1.Taint': {
				properties: { key: { description: 'unchanged' }, effect: { description: 'short' }, modes: { items: {} } },
			},
		};
		addEnumerations(schemas, enumerationsIn(source));
		assert.deepEqual(schemas['io.k8s.api.core.v1.Taint']?.properties, {
			key: { description: 'unchanged' },
			effect: {
				description: 'The effect.\n\nPossible enum values:\n - `"NoExecute"` evicts',
				enum: ['NoExecute', 'NoSchedule'],
			},
			modes: { description: 'The modes.', items: { enum: ['A'] } },
		});
	});
});

import assert from 'node:assert/strict';
import { withoutComments } from './comments.ts';

describe('withoutComments', () => {
	it('keeps the licence and the declarations, and drops comments with the blank lines that they leave', () => {
		const licence = '/*\nCopyright The Kubernetes Authors.\n*/\n';
		const source = `${licence}\n\n// made\n\nsyntax = "proto2";\n\n// M is\n//\nmessage M {\n  // +optional\n  optional string a = 1;\n\n  // gone\n}\n\n`;
		assert.equal(
			withoutComments(source),
			`${licence}\nsyntax = "proto2";\n\nmessage M {\n  optional string a = 1;\n}\n`,
		);
	});
});

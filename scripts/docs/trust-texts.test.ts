import assert from 'node:assert/strict';
import { phaseNames, phasesByFile, phasesWithoutPin } from '../../services/observer/page/state-at.ts';
import { readPage } from './pages.ts';
import { translatedTrustTexts, trustTexts } from './trust-texts.ts';

const page = `## The phases

### \`a/first\`

- **Sent:** nothing, see
  [errors](errors.md).
- **Token holder:** reads \`x\`. [CA_HASH_MISMATCH](errors.md#ca_hash_mismatch), **twice**.

## Other

- **Sent:** not a phase
`;

describe('the texts of docs/trust.md', () => {
	it('are the items of each phase, without Markdown except for names', () => {
		assert.deepEqual(trustTexts(page), {
			'a/first': [
				{ label: 'Sent', text: 'Nothing, see errors.', isAttack: false },
				{ label: 'Token holder', text: 'Reads `x`. `CA_HASH_MISMATCH`, twice.', isAttack: true },
			],
		});
	});

	it('in Chinese have no space where a line ended, and the phases and items of the English page', () => {
		const chinese = '### `a/first`\n\n- **发送：** 无。\n  完毕。\n- **令牌持有者：** 读取 `x`\n  和 `y`。\n';
		assert.deepEqual(translatedTrustTexts(page, chinese)['a/first'], [
			{ label: '发送', text: '无。完毕。', isAttack: false },
			{ label: '令牌持有者', text: '读取 `x` 和 `y`。', isAttack: true },
		]);
		assert.throws(() => translatedTrustTexts(page, chinese.replace('- **发送：** 无。\n', '')), /trust\.zh\.md/);
		assert.throws(() => translatedTrustTexts(page, '### `a/second`\n'), /trust\.zh\.md/);
	});

	it('have the sent data and an attack for each phase of every kind of join', () => {
		const texts = trustTexts(readPage('docs/trust.md'));
		for (const phase of [...phaseNames, ...phasesWithoutPin, ...phasesByFile]) {
			const items = texts[phase] ?? [];
			assert.equal(items[0]?.label, 'Sent', phase);
			assert.ok(
				items.some(({ isAttack }) => isAttack),
				phase,
			);
			for (const { label, text } of items) assert.ok(label !== '' && text !== '', `${phase}: ${label}`);
		}
	});
});

/** Problems of chaos documents in Chinese, by their English text, as `chaos --validate` prints them. */
import { translator } from '../errors/chinese/template.ts';

export const chaosDocumentTexts: Readonly<Record<string, string>> = {
	'is not an experiment: it must have a title, a description, a method and more':
		'不是实验：必须有 `title`、`description`、`method` 等字段',
	'must be a finite number': '必须是有限的数字',
	'is a date or another value that JSON does not have; put it into quotes': '是日期等 JSON 没有的值；请加引号',
	'is too large a number; put it into quotes': '是过大的数字；请加引号',
	'{feature} is a feature of Chaos Toolkit that this runner does not have':
		'{feature}：Chaos Toolkit 的功能，此运行器不支持',
	'{feature} is a feature of Chaos Toolkit that this runner does not have; {remedy}':
		'{feature}：Chaos Toolkit 的功能，此运行器不支持；{remedy}',
	'it must be a number of seconds': '必须是秒数',
	'it must be an exit code or a mapping with type: regex': '必须是退出码，或含 `type: regex` 的映射',
	'use process': '请用 `process`',
	'use regex': '请用 `regex`',
	'write a list': '请写成列表',
	'the provider {type}': '类型为 {type} 的 provider',
	'a variable': '变量',
	'arguments that are no list': '非列表的参数',
	'a tolerance of this type': '此类型的 tolerance',
	'a tolerance of type {type}': '类型为 {type} 的 tolerance',
	'needs {key}, a text that is not empty': '需要 `{key}`，且不能为空文本',
	'needs id: X and two digits': '需要 `id`：X 加两位数字',
	'needs tier: A, B or C': '需要 `tier`：A、B 或 C',
	'needs an extension with the name kubejoin, with id, tier and lesson':
		'需要名为 `kubejoin` 的扩展，含 `id`、`tier` 和 `lesson`',
	'needs contributions.{kind}, the expected verdict: held, violated, or none where it is not at stake':
		'需要 `contributions.{kind}`，即预期结论：held、violated，不涉及时为 none',
	'needs a method, which may be an empty list': '需要 `method`，可以是空列表',
	'needs a tolerance, because it is a probe of the hypothesis': '需要 `tolerance`，因为这是稳态假设的探针',
	'needs type: probe or action': '需要 `type`：probe 或 action',
	'needs a provider: a mapping with type: process': '需要 `provider`：含 `type: process` 的映射',
	'needs type: process': '需要 `type: process`',
	'needs type: regex': '需要 `type: regex`',
	'needs pattern, a text': '需要 `pattern`，且必须是文本',
	'needs target: stdout or stderr': '需要 `target`：stdout 或 stderr',
	'must be a list': '必须是列表',
	'must be a list of texts that are not empty': '必须是非空文本的列表',
	'must be a list of activities': '必须是活动（activity）的列表',
	'must be a mapping with title and probes': '必须是含 `title` 和 `probes` 的映射',
	'must be a mapping with before, after or both, in seconds': '必须是含 `before`、`after` 或两者的映射，单位为秒',
	'must be an activity: a mapping with type, name and provider':
		'必须是活动（activity）：含 `type`、`name` 和 `provider` 的映射',
	'must be in the provider, in seconds': '必须写在 `provider` 中，单位为秒',
	'must be a number of seconds': '必须是秒数',
	'must be a number of seconds above 0': '必须是大于 0 的秒数',
	'must be a text or a number': '必须是文本或数字',
	'must be an exit code or a mapping with type: regex': '必须是退出码，或含 `type: regex` 的映射',
	'must be a pattern that Python and JavaScript both have: {problem}':
		'必须是 Python 和 JavaScript 都支持的正则表达式：{problem}',
	'the program {path} was not found, or is not executable': '程序 `{path}` 不存在，或不可执行',
	'is written as {source} and would be passed as {value}; put it into quotes':
		'写作 {source}，会传递为 {value}；请加引号',
	'no experiment is named {name}': '没有名为 {name} 的实验',
	'has the same name or id as {file}': '名称或编号与 {file} 相同',
};

/** @returns undefined for a text of the YAML parser, which stays English */
export const documentProblemInChinese = translator(chaosDocumentTexts);

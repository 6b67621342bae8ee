import { readQuery } from './query.js';

const read = (parameters: Record<string, string>) => readQuery(new URLSearchParams(parameters).toString());

/** SNS API: query requests, as the SDKs write them (the AWS Query protocol). */
describe('readQuery', () => {
  it('tells the action, and leaves it and the version out of the input', () => {
    expect(read({ Action: 'CreateTopic', Version: '2010-03-31', Name: 't' })).toEqual({
      action: 'CreateTopic',
      input: { Name: 't' },
    });
  });

  it('knows no action where there is none', () => {
    expect(readQuery('')).toEqual({ action: '', input: {} });
  });

  it('decodes percent signs, plus signs and characters of more than one byte', () => {
    expect(readQuery('Action=Publish&Message=a+b%26c%3Dd%0A%C3%BC%F0%9F%8E%89').input).toEqual({
      Message: 'a b&c=d\nü🎉',
    });
  });

  it('makes a list of members, in the order of their numbers', () => {
    const members = Object.fromEntries(
      [10, 2, 1].map(number => [`PublishBatchRequestEntries.member.${number}.Id`, `id${number}`]),
    );
    expect(read(members).input).toEqual({
      PublishBatchRequestEntries: [{ Id: 'id1' }, { Id: 'id2' }, { Id: 'id10' }],
    });
  });

  it('makes a list of texts', () => {
    expect(read({ 'TagKeys.member.1': 'a', 'TagKeys.member.2': 'b' }).input).toEqual({ TagKeys: ['a', 'b'] });
  });

  it('makes a map of entries with key and value', () => {
    expect(
      read({
        'Attributes.entry.1.key': 'RawMessageDelivery',
        'Attributes.entry.1.value': 'true',
        'Attributes.entry.2.key': 'FilterPolicy',
        'Attributes.entry.2.value': '{"a":["b"]}',
      }).input,
    ).toEqual({ Attributes: { RawMessageDelivery: 'true', FilterPolicy: '{"a":["b"]}' } });
  });

  it('makes a map of message attributes, which are written with Name and Value', () => {
    expect(
      read({
        'MessageAttributes.entry.1.Name': 'type',
        'MessageAttributes.entry.1.Value.DataType': 'String',
        'MessageAttributes.entry.1.Value.StringValue': 'x',
      }).input,
    ).toEqual({ MessageAttributes: { type: { DataType: 'String', StringValue: 'x' } } });
  });

  it('keeps attributes in the entries of a batch', () => {
    const entry = 'PublishBatchRequestEntries.member.1.';
    expect(
      read({
        [`${entry}Id`]: 'a',
        [`${entry}Message`]: 'x',
        [`${entry}MessageAttributes.entry.1.Name`]: 'n',
        [`${entry}MessageAttributes.entry.1.Value.DataType`]: 'Number',
        [`${entry}MessageAttributes.entry.1.Value.StringValue`]: '1',
      }).input,
    ).toEqual({
      PublishBatchRequestEntries: [
        { Id: 'a', Message: 'x', MessageAttributes: { n: { DataType: 'Number', StringValue: '1' } } },
      ],
    });
  });

  it('takes the empty text that SDKs write for an empty list for no list', () => {
    expect(read({ TopicArn: 't', PublishBatchRequestEntries: '', Tags: '', Subject: '' }).input).toEqual({
      TopicArn: 't',
      Subject: '',
    });
  });

  it('reads maps by name or key, and lists and maps without an index (recorded)', () => {
    expect(read({ 'Attributes.entry.1.name': 'a', 'Attributes.entry.1.value': 'b' }).input).toEqual({
      Attributes: { a: 'b' },
    });
    expect(read({ 'Attributes.entry.key': 'a', 'Attributes.entry.value': 'b', 'TagKeys.member': 'c' }).input).toEqual({
      Attributes: { a: 'b' },
      TagKeys: ['c'],
    });
  });

  it('takes a dot in a value for a dot', () => {
    expect(read({ Message: 'a.b.c' }).input).toEqual({ Message: 'a.b.c' });
  });

  it('lets nobody reach a prototype', () => {
    read({ '__proto__.polluted': 'yes', 'constructor.prototype.polluted': 'yes' });
    expect({}).not.toHaveProperty('polluted');
  });
});

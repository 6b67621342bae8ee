import { banner } from './banner.js';
import { readArguments } from './cli-arguments.js';

describe('the command line', () => {
  it('has a port of its own, and nothing else that was not given', () => {
    expect(readArguments([])).toEqual({ port: 4566 });
  });

  it('takes what is given', () => {
    const given =
      '--port 0 --host 0.0.0.0 --hostname broker:4566 --region eu-west-1 --account 123456789012 --init a.json';
    expect(readArguments(`${given} --cors http://a --cors http://b`.split(' '))).toEqual({
      port: 0,
      host: '0.0.0.0',
      hostname: 'broker:4566',
      region: 'eu-west-1',
      accountId: '123456789012',
      init: 'a.json',
      cors: ['http://a', 'http://b'],
    });
    expect(readArguments(['-h'])).toBe('help');
  });

  it.each([
    ['--port', 'x'],
    ['--port', '70000'],
    ['--account', '1'],
    ['--hostname', 'http://broker'],
    ['--what'],
    ['file'],
  ])('refuses %s %s, and tells the usage', (...given) => {
    expect(() => readArguments(given)).toThrow(/Usage: local-sns-sqs/);
  });
});

describe('the banner', () => {
  it('has what a shell needs, to paste', () => {
    const text = banner({ publicEndpoint: 'http://127.0.0.1:4566' }, { region: 'eu-west-1' });
    const exported = [...text.matchAll(/^ {2}export (\w+)=(\S+)$/gm)].map(([, name, value]) => `${name}=${value}`);
    expect(exported).toEqual([
      'AWS_ENDPOINT_URL=http://127.0.0.1:4566',
      'AWS_REGION=eu-west-1',
      'AWS_DEFAULT_REGION=eu-west-1',
      'AWS_ACCESS_KEY_ID=local',
      'AWS_SECRET_ACCESS_KEY=local',
    ]);
    expect(text).toContain('--endpoint-url http://127.0.0.1:4566');
  });
});

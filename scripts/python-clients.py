"""A round trip with boto3: endpoint and credentials come from the environment, as in any program.

The first argument is part of the names, so that two versions can use one broker."""
import json
import sys

import boto3

sqs = boto3.client("sqs")
sns = boto3.client("sns")
name = f"boto3-{sys.argv[1]}"
protocol = sqs.meta.service_model.metadata["protocol"]

url = sqs.create_queue(QueueName=name)["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
topic = sns.create_topic(Name=name)["TopicArn"]
policy = {
    "Version": "2012-10-17",
    "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }],
}
sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
attributes = {"RawMessageDelivery": "true", "FilterPolicy": json.dumps({"type": ["wanted"]})}
sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
for kind in ("unwanted", "wanted"):
    sns.publish(TopicArn=topic, Message=f"ünïcode 🙈 {kind}", MessageAttributes={"type": {"DataType": "String", "StringValue": kind}})

messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
assert [message["Body"] for message in messages] == ["ünïcode 🙈 wanted"], messages
assert messages[0]["MessageAttributes"]["type"]["StringValue"] == "wanted", messages
entries = [{"Id": "a", "ReceiptHandle": messages[0]["ReceiptHandle"]}, {"Id": "b", "ReceiptHandle": "nonsense"}]
result = sqs.delete_message_batch(QueueUrl=url, Entries=entries)
assert [each["Id"] for each in result["Successful"]] == ["a"], result
assert [each["Code"] for each in result["Failed"]] == ["ReceiptHandleIsInvalid"], result
assert sqs.receive_message(QueueUrl=url).get("Messages", []) == []
try:
    sqs.send_message_batch(QueueUrl=url, Entries=[])
    raise SystemExit("an empty batch was taken")
except sqs.exceptions.EmptyBatchRequest:
    pass
try:
    sqs.get_queue_url(QueueName="missing")
    raise SystemExit("a missing queue was found")
except sqs.exceptions.QueueDoesNotExist:
    pass
print(f"boto3 {boto3.__version__} did its round trip, SQS in the {protocol} protocol")

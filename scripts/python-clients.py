"""A round trip with boto3: endpoint and credentials come from the environment, as in any program."""
import json

import boto3

sqs = boto3.client("sqs")
sns = boto3.client("sns")

url = sqs.create_queue(QueueName="boto3")["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
topic = sns.create_topic(Name="boto3")["TopicArn"]
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
try:
    sqs.get_queue_url(QueueName="missing")
    raise SystemExit("a missing queue was found")
except sqs.exceptions.QueueDoesNotExist:
    pass
print("boto3 did its round trip")

using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary>
/// Lines of the output and error files of an OpenAI batch: <c>{"id","custom_id","response":{"status_code","request_id","body"},"error"}</c>
/// (https://platform.openai.com/docs/api-reference/batch/request-output). Without an answer <c>response</c> is null, and <c>error</c> has
/// <c>code</c> and <c>message</c>.
/// </summary>
internal sealed class OpenAiBatchResults : IResultFormat
{
    public void Begin(IBufferWriter<byte> output) { }

    public void Write(ExportedLine result, IBufferWriter<byte> output)
    {
        var body = result.Result is null ? default : JsonOf(result);
        using (var json = new Utf8JsonWriter(output, ResultRecordWriter.Options))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, $"batch_req_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(result.RequestId)).AsSpan(0, 12))}");
            json.WriteString("custom_id"u8, result.Id);
            if (result.Result is null)
                json.WriteNull("response"u8);
            else
                WriteResponse(json, result, body);
            WriteError(json, result);
            json.WriteEndObject();
        }
        output.Write("\n"u8);
    }

    public void End(IBufferWriter<byte> output) { }

    private static void WriteResponse(Utf8JsonWriter json, ExportedLine result, ReadOnlyMemory<byte> body)
    {
        json.WriteStartObject("response"u8);
        json.WriteNumber("status_code"u8, result.Status);
        json.WriteString("request_id"u8, result.Header("x-request-id") ?? "");
        json.WritePropertyName("body"u8);
        json.WriteRawValue(body.Span, skipInputValidation: true);
        json.WriteEndObject();
    }

    /// <summary>A status of the API's is an answer: what it says of it is in the body.</summary>
    private static void WriteError(Utf8JsonWriter json, ExportedLine result)
    {
        if (result.Result is not null || result.Error is not { } error)
        {
            json.WriteNull("error"u8);
            return;
        }
        json.WriteStartObject("error"u8);
        json.WriteString("code"u8, error.Class switch { "deadline" => "batch_expired", "cancelled" => "batch_cancelled", var other => other });
        json.WriteString("message"u8, error.Detail);
        json.WriteEndObject();
    }

    /// <summary>The body as JSON on one line; what is none becomes a string.</summary>
    private static ReadOnlyMemory<byte> JsonOf(ExportedLine result)
    {
        var body = result.Body();
        try
        {
            using var _ = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = RawJson.Deepest });
            return RawJson.OneLine(body);
        }
        catch (Exception none) when (none is JsonException or ArgumentException)
        {
            return JsonSerializer.SerializeToUtf8Bytes(Encoding.UTF8.GetString(body), TextInfo.Default.String);
        }
    }
}

/// <summary>A text as JSON, known when the program is built.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class TextInfo : System.Text.Json.Serialization.JsonSerializerContext;

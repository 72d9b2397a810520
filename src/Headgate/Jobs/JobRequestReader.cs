using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;

namespace Headgate.Jobs;

/// <summary>
/// Reads a request from a JSON object: a line of an input file, the body of a submission. Strict: a member that is unknown, given
/// twice or of a wrong type is an error with its place, because a slip of the pen in 100,000 lines is not found otherwise.
/// </summary>
/// <param name="checkBodyFile">
/// Says what is wrong with the path of a <c>body_file</c>, or null if it may be read. Without it the member is refused: a caller
/// over the network must not name files of this machine.
/// </param>
/// <param name="mayCall">Whether a request may name a callback: where somebody makes it.</param>
/// <remarks>Thread-safe if <paramref name="checkBodyFile"/> is.</remarks>
internal sealed class JobRequestReader(Func<string, string?>? checkBodyFile = null, bool mayCall = false)
{
    private const uint BodyMask = 1u << (int)JobField.Data | 1u << (int)JobField.BodyBase64 | 1u << (int)JobField.BodyFile;
    public const string HalfSurrogate = "the text is not valid Unicode: half of a surrogate pair";
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = RawJson.Deepest };

    /// <summary>Reads one request; null if it is none, with the fault.</summary>
    public JobRequest? Read(ReadOnlySpan<byte> json, out RequestFault? fault)
    {
        var reader = new Utf8JsonReader(json, Strict);
        try
        {
            fault = null;
            if (!Utf8.IsValid(json))
                throw new RequestFaultException("the text is not UTF-8", FirstInvalid(json));
            return ReadObject(ref reader, json);
        }
        catch (Exception wrong) when (JsonFault.Of(wrong, json, reader) is { } found)
        {
            fault = found;
        }
        return null;
    }

    /// <summary>Sets a member from the text of a table's cell; JSON where the member is an object or an array.</summary>
    /// <exception cref="ArgumentException">The text is not a value of that member.</exception>
    public void SetFromCell(JobRequest request, JobField field, ReadOnlySpan<byte> cell)
    {
        var isJson = field is JobField.Headers or JobField.Params or JobField.Context or JobField.Cost or JobField.Expect
            || (field is JobField.Data or JobField.Tags && cell.TrimStart((byte)' ') is [(byte)'{' or (byte)'[', ..]);
        if (isJson)
            SetFromJsonCell(request, field, cell);
        else if (field == JobField.Data)
            request.Body = cell.ToArray();
        else
            SetText(request, field, System.Text.Encoding.UTF8.GetString(cell));
    }

    /// <summary>What can only be said once all members are known; null if all is well.</summary>
    public static string? Complaint(JobRequest request)
    {
        try
        {
            if (!request.RawData.IsEmpty && FormBody.IsAskedFor(request))
                FormBody.Encode(request.RawData.Span);
            _ = JobMessage.Target(request);
            return null;
        }
        catch (ArgumentException wrong)
        {
            return wrong.Message;
        }
    }

    private void SetFromJsonCell(JobRequest request, JobField field, ReadOnlySpan<byte> cell)
    {
        var reader = new Utf8JsonReader(cell, Strict);
        try
        {
            reader.Read();
            ReadValue(ref reader, cell, field, request);
            reader.Read(); // throws if anything follows
        }
        catch (RequestFaultException wrong)
        {
            throw new ArgumentException(wrong.Message, wrong);
        }
        catch (JsonException syntax)
        {
            throw new ArgumentException($"{JobFieldNames.Of(field)}: {JsonFault.From(syntax, cell).Message}", syntax);
        }
        catch (InvalidOperationException half) when (reader.ValueIsEscaped)
        {
            throw new ArgumentException(HalfSurrogate, half);
        }
    }

    private JobRequest ReadObject(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new RequestFaultException(reader.TokenType == JsonTokenType.StartArray
                ? "a JSON array: give one object per line (jq -c '.[]' makes lines of it)"
                : "not a JSON object", reader.TokenStartIndex);
        var request = new JobRequest();
        var seen = 0u;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = ReadName(ref reader, ref seen);
            reader.Read();
            ReadValue(ref reader, json, field, request);
        }
        reader.Read(); // throws if anything follows the object
        if (request.ParsedUrl is null)
            throw new RequestFaultException("url is missing", json.IndexOf((byte)'{'));
        if ((!request.RawData.IsEmpty || request.HasParams) && Complaint(request) is { } complaint)
            throw new RequestFaultException(complaint, json.IndexOf((byte)'{'));
        return request;
    }

    private static JobField ReadName(ref Utf8JsonReader reader, ref uint seen)
    {
        var field = reader.ValueIsEscaped
            ? JobFieldNames.Find(System.Text.Encoding.UTF8.GetBytes(reader.GetString()!))
            : JobFieldNames.Find(reader.ValueSpan);
        if (field == JobField.Unknown)
            throw new RequestFaultException(JobFieldNames.Complaint(reader.GetString()!), reader.TokenStartIndex);
        var bit = 1u << (int)field;
        if ((seen & bit) != 0)
            throw new RequestFaultException($"{JobFieldNames.Of(field)} is given twice", reader.TokenStartIndex);
        seen |= bit;
        if (field is JobField.Id or JobField.CustomId && (seen & (1u << (int)JobField.Id)) != 0 && (seen & (1u << (int)JobField.CustomId)) != 0)
            throw new RequestFaultException("id and custom_id are the same: give one of them", reader.TokenStartIndex);
        if ((bit & BodyMask) != 0 && uint.PopCount(seen & BodyMask) > 1)
            throw new RequestFaultException("data, body_base64 and body_file exclude each other: give one of them", reader.TokenStartIndex);
        return field;
    }

    private void ReadValue(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, JobField field, JobRequest request)
    {
        if (reader.TokenType == JsonTokenType.Null && field != JobField.Url)
            return; // as if it were not there: what programs write for "none"
        if (field == JobField.Callback && !mayCall)
            throw new RequestFaultException("callback works in the service only: here the results are written to a file", reader.TokenStartIndex);
        switch (field)
        {
            case JobField.Headers:
                JobJson.ReadHeaders(ref reader, request.Headers);
                break;
            case JobField.Params:
                JobJson.ReadParams(ref reader, request.Params);
                break;
            case JobField.Data when reader.TokenType == JsonTokenType.String:
                request.Body = JobJson.Utf8Of(ref reader);
                break;
            case JobField.Data:
                request.SetRawData(JobJson.Raw(ref reader, json).ToArray());
                break;
            case JobField.Context:
                request.RawContext = RawJson.OneLine(JobJson.Raw(ref reader, json));
                break;
            case JobField.Tags:
                request.Tags = JobJson.ReadTags(ref reader);
                break;
            case JobField.Cost:
                request.Cost = JobJson.ReadCost(ref reader);
                break;
            case JobField.Expect:
                request.ExpectStatuses = JobJson.ReadExpect(ref reader);
                break;
            case JobField.Callback:
                request.Callback = JobJson.ReadCallback(ref reader);
                break;
            case JobField.BodyBase64 when reader.TokenType == JsonTokenType.String:
                request.Body = reader.TryGetBytesFromBase64(out var bytes) ? bytes : throw new ArgumentException("body_base64 is not base64");
                break;
            default:
                ReadScalar(ref reader, field, request);
                break;
        }
    }

    private void ReadScalar(ref Utf8JsonReader reader, JobField field, JobRequest request)
    {
        if (reader.TokenType == JsonTokenType.String && field != JobField.Retries)
            SetText(request, field, reader.GetString()!);
        else if (reader.TokenType != JsonTokenType.Number || !JobScalars.TrySetNumber(request, field, ref reader))
            throw new RequestFaultException($"{JobFieldNames.Of(field)} must be {JobScalars.Expected(field)}", reader.TokenStartIndex);
    }

    private void SetText(JobRequest request, JobField field, string text)
    {
        JobScalars.SetText(request, field, text);
        if (field != JobField.BodyFile)
            return;
        var complaint = checkBodyFile is null ? "body_file works on the command line only: send the bytes as body_base64" : checkBodyFile(text);
        if (complaint is not null)
            throw new ArgumentException(complaint);
    }

    /// <summary>The first byte that is not UTF-8, in a text that has one.</summary>
    internal static int FirstInvalid(ReadOnlySpan<byte> text)
    {
        var offset = 0;
        while (System.Text.Rune.DecodeFromUtf8(text[offset..], out _, out var consumed) == OperationStatus.Done)
            offset += consumed;
        return offset;
    }
}

using System.Text.Json;
using System.Text.Unicode;
using Headgate.App.Input;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary>Makes a request of a JSON object that is another program's. What is wrong in it is told with its place.</summary>
internal abstract class JsonObjectFormat : ILineFormat
{
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = RawJson.Deepest };

    public JobRequest? Read(ReadOnlySpan<byte> record, out RequestFault? fault)
    {
        fault = null;
        if (record.TrimStart(" \t"u8).IsEmpty)
            return null;
        var reader = new Utf8JsonReader(record, Strict);
        try
        {
            if (!Utf8.IsValid(record))
                throw new RequestFaultException("the text is not UTF-8", JobRequestReader.FirstInvalid(record));
            reader.Read();
            var start = reader.TokenStartIndex;
            var request = ReadObject(ref reader, record);
            reader.Read(); // throws if anything follows the object
            return request is null || JobRequestReader.Complaint(request) is not { } complaint ? request : throw new RequestFaultException(complaint, start);
        }
        catch (Exception wrong) when (JsonFault.Of(wrong, record, reader) is { } found)
        {
            fault = found;
        }
        return null;
    }

    /// <summary>Reads from the first token to the last; null where there is nothing to send.</summary>
    protected abstract JobRequest? ReadObject(ref Utf8JsonReader reader, ReadOnlySpan<byte> json);

    /// <summary>The name of the next member of an object, whose value the reader is at then; null at the object's end.</summary>
    protected static string? NextMember(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.PropertyName)
            return null;
        var name = reader.GetString();
        reader.Read();
        return name;
    }

    protected static void Expect(ref Utf8JsonReader reader, JsonTokenType token, string complaint)
    {
        if (reader.TokenType != token)
            throw new RequestFaultException(complaint, reader.TokenStartIndex);
    }

    protected static string Text(ref Utf8JsonReader reader, string member)
    {
        Expect(ref reader, JsonTokenType.String, $"{member} must be a string");
        return reader.GetString()!;
    }
}

using System.Text.Json;

namespace Headgate.Jobs;

/// <summary>Reads the members of a request that are objects or arrays. The reader stands on their first token, and then on their last.</summary>
internal static class JobJson
{
    public static void ReadHeaders(ref Utf8JsonReader reader, JobFields headers)
    {
        Expect(ref reader, JsonTokenType.StartObject, "headers must be an object of names and values");
        while (NextName(ref reader) is { } name)
        {
            if (headers.Contains(name))
                throw new RequestFaultException($"header {RequestRules.Quote(name)} is given twice: give its values as an array", reader.TokenStartIndex);
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
                headers.Add(name, reader.GetString()!);
            else if (reader.TokenType == JsonTokenType.StartArray)
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    headers.Add(name, StringOf(ref reader, HeaderComplaint(name)));
            else
                throw new RequestFaultException(HeaderComplaint(name), reader.TokenStartIndex);
        }
    }

    public static void ReadParams(ref Utf8JsonReader reader, JobFields parameters)
    {
        Expect(ref reader, JsonTokenType.StartObject, "params must be an object of names and values");
        while (NextName(ref reader) is { } name)
        {
            if (parameters.Contains(name))
                throw new RequestFaultException($"param {RequestRules.Quote(name)} is given twice: give its values as an array", reader.TokenStartIndex);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartArray)
                parameters.Append(name, ScalarOf(ref reader, name));
            else
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    parameters.Append(name, ScalarOf(ref reader, name));
        }
    }

    public static List<string> ReadTags(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray, "tags must be an array of strings");
        var tags = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            tags.Add(RequestRules.CheckText("tag", StringOf(ref reader, "tags must be strings"))!);
        return tags;
    }

    public static JobCallback ReadCallback(ref Utf8JsonReader reader)
    {
        const string shape = "callback must be an object, for example {\"url\":\"https://me.example/done\",\"on\":[\"failed\"]}";
        Expect(ref reader, JsonTokenType.StartObject, shape);
        var (start, url, on) = (reader.TokenStartIndex, (string?)null, (List<JobStatus>?)null);
        while (NextName(ref reader) is { } name)
        {
            reader.Read();
            switch (name)
            {
                case "url":
                    url = StringOf(ref reader, shape);
                    break;
                case "on":
                    Expect(ref reader, JsonTokenType.StartArray, JobCallback.Ends);
                    for (on = []; reader.Read() && reader.TokenType != JsonTokenType.EndArray;)
                        on.Add(JobCallback.EndNamed(StringOf(ref reader, JobCallback.Ends)));
                    break;
                default:
                    throw new RequestFaultException($"callback has no member {RequestRules.Quote(name)}: url and on", reader.TokenStartIndex);
            }
        }
        if (url is null)
            throw new RequestFaultException("callback: url is missing", start);
        return on is null ? new JobCallback(url) : new JobCallback(url) { On = on };
    }

    public static Dictionary<string, long> ReadCost(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, "cost must be an object of units and amounts, for example {\"tokens\":1200}");
        var cost = new Dictionary<string, long>();
        while (NextName(ref reader) is { } unit)
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var amount))
                throw new RequestFaultException($"cost of {RequestRules.Quote(unit)} must be a whole number", reader.TokenStartIndex);
            RequestRules.CheckCost(unit, amount);
            if (!cost.TryAdd(unit, amount))
                throw new RequestFaultException($"cost of {unit} is given twice", reader.TokenStartIndex);
        }
        return cost;
    }

    public static List<int> ReadExpect(ref Utf8JsonReader reader)
    {
        const string shape = "expect must be an object such as {\"status\":[404]}";
        Expect(ref reader, JsonTokenType.StartObject, shape);
        var statuses = new List<int>();
        var seen = false;
        while (NextName(ref reader) is { } name)
        {
            if (name != "status" || seen)
                throw new RequestFaultException(
                    seen ? "expect: status is given twice" : $"unknown field {RequestRules.Quote(name)} in expect: it knows \"status\"",
                    reader.TokenStartIndex);
            seen = true;
            reader.Read();
            Expect(ref reader, JsonTokenType.StartArray, shape);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var status))
                    throw new RequestFaultException(shape, reader.TokenStartIndex);
                RequestRules.CheckExpected(status);
                statuses.Add(status);
            }
        }
        return statuses;
    }

    /// <summary>The value as it is written, with what is in it.</summary>
    public static ReadOnlySpan<byte> Raw(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed];
    }

    /// <summary>The text of a string token as UTF-8.</summary>
    public static byte[] Utf8Of(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return reader.ValueSpan.ToArray();
        var bytes = new byte[reader.ValueSpan.Length]; // escapes only ever shrink
        return bytes[..reader.CopyString(bytes)];
    }

    private static string? NextName(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null;

    private static string StringOf(ref Utf8JsonReader reader, string complaint) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new RequestFaultException(complaint, reader.TokenStartIndex);

    private static string ScalarOf(ref Utf8JsonReader reader, string name) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString()!,
        JsonTokenType.Number => System.Text.Encoding.UTF8.GetString(reader.ValueSpan),
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        _ => throw new RequestFaultException(
            $"param {RequestRules.Quote(name)} must be a string, a number, true or false, or an array of these", reader.TokenStartIndex),
    };

    private static string HeaderComplaint(string name) => $"header {RequestRules.Quote(name)} must be a string or an array of strings";

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token, string complaint)
    {
        if (reader.TokenType != token)
            throw new RequestFaultException(complaint, reader.TokenStartIndex);
    }
}

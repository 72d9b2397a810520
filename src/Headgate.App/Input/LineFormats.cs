using Headgate.Jobs;

namespace Headgate.App.Input;

/// <summary>Makes requests of the records of a file.</summary>
internal interface ILineFormat
{
    /// <summary>Reads a record: a request, or null with the fault, or null without one where there is nothing to send (a blank line).</summary>
    JobRequest? Read(ReadOnlySpan<byte> record, out RequestFault? fault);
}

/// <summary>A JSON object a line; blank lines are passed over.</summary>
internal sealed class JsonLinesFormat(JobRequestReader reader) : ILineFormat
{
    public JobRequest? Read(ReadOnlySpan<byte> record, out RequestFault? fault)
    {
        fault = null;
        return record.TrimStart(" \t"u8).IsEmpty ? null : reader.Read(record, out fault);
    }
}

/// <summary>A URL a line; blank lines and those that begin with # are passed over.</summary>
internal sealed class UrlListFormat : ILineFormat
{
    public JobRequest? Read(ReadOnlySpan<byte> record, out RequestFault? fault)
    {
        fault = null;
        var url = record.Trim(" \t"u8);
        if (url.IsEmpty || url[0] == '#')
            return null;
        if (url[0] == '{')
        {
            fault = new RequestFault("a JSON object in a list of URLs: rename the file to end in .jsonl", record.IndexOf(url[0]));
            return null;
        }
        try
        {
            if (System.Text.Unicode.Utf8.IsValid(url))
                return new JobRequest(System.Text.Encoding.UTF8.GetString(url));
            fault = new RequestFault("the line is not UTF-8", record.IndexOf(url[0]));
        }
        catch (ArgumentException rule)
        {
            fault = new RequestFault(rule.Message, record.IndexOf(url[0]));
        }
        return null;
    }
}

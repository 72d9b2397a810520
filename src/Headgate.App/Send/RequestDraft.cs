using System.Buffers;
using System.Text;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.Jobs;

namespace Headgate.App.Send;

/// <summary>A request as a command line says it, piece by piece, until it is whole and can be checked.</summary>
/// <param name="readFile">Reads a file that data came from, or standard input for <c>-</c>.</param>
internal sealed class RequestDraft(Func<string, byte[]> readFile)
{
    private const string Json = "application/json";
    private const string Form = "application/x-www-form-urlencoded";

    private static readonly SearchValues<char> Controls = SearchValues.Create([.. Enumerable.Range(0, 128).Select(c => (char)c).Where(c => char.IsControl(c) && c != '\t')]);

    private readonly List<(string Name, string Value)> _headers = [];
    private readonly List<string> _removed = [];
    private readonly List<(string Name, string Value)> _usual = []; // unless a header says otherwise
    private readonly ArrayBufferWriter<byte> _data = new();
    private bool _hasData;

    public string? Url { get; set; }

    /// <summary>The method; null for the usual one: POST with data, else GET.</summary>
    public string? Method { get; set; }

    public bool IsHead { get; set; }

    /// <summary>The data goes into the query of the URL.</summary>
    public bool PutsDataInQuery { get; set; }

    /// <summary>Data that is a JSON object or array is sent as JSON; otherwise all data is a form, as curl has it.</summary>
    public bool KnowsJson { get; init; }

    public TimeSpan? Timeout { get; set; }

    public int? Retries { get; set; }

    public TimeSpan? RetryDelay { get; set; }

    /// <summary>A header as it is written: <c>Name: value</c>; <c>Name;</c> for an empty one; <c>Name:</c> for none, not even the usual one.</summary>
    /// <exception cref="ArgumentException">It is not a header that may be sent. The message does not show its value.</exception>
    public void AddHeader(string option, string text)
    {
        if (text.AsSpan().IndexOfAny(Controls) is >= 0 and var at)
            throw new ArgumentException($"{option}: a control character ({RequestRules.CodePoint(text[at])}) at position {at + 1}, which could begin another header");
        var colon = text.IndexOf(':');
        if (colon < 0 && !text.EndsWith(';'))
            throw new ArgumentException($"{option}: a header is written 'Name: value', and this one has no colon");
        var name = colon < 0 ? text[..^1] : text[..colon];
        var value = colon < 0 ? "" : text[(colon + 1)..].Trim([' ', '\t']);
        if (colon >= 0 && value.Length == 0)
            _removed.Add(name);
        else
            _headers.Add((name, value));
    }

    /// <summary>A header for which any that is given stands in.</summary>
    public void AddUsual(string name, string value) => _usual.Add((name, value));

    /// <summary>Takes out a header; says whether there was one.</summary>
    public bool Drop(string name) => _headers.RemoveAll(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) > 0;

    /// <summary>Data as it is.</summary>
    public void AddData(string text) => AddData(Encoding.UTF8.GetBytes(text));

    /// <summary>Data, or <c>@FILE</c> whose bytes are the data.</summary>
    public void AddDataOrFile(string text, string separator = "&") =>
        AddData(text.StartsWith('@') ? readFile(text[1..]) : Encoding.UTF8.GetBytes(text), separator);

    /// <summary>Data as curl takes it with -d: a file loses its line ends.</summary>
    public void AddDataOrLines(string text) =>
        AddData(text.StartsWith('@') ? [.. readFile(text[1..]).Where(b => b is not ((byte)'\r' or (byte)'\n' or 0))] : Encoding.UTF8.GetBytes(text));

    /// <summary>Data that is percent-encoded: <c>text</c>, <c>=text</c>, <c>name=text</c>, <c>@file</c> or <c>name@file</c>.</summary>
    public void AddEncoded(string text)
    {
        var split = text.IndexOfAny(['=', '@']);
        var name = split < 0 ? "" : text[..split];
        var value = split < 0 ? Encoding.UTF8.GetBytes(text) : text[split] == '@' ? readFile(text[(split + 1)..]) : Encoding.UTF8.GetBytes(text[(split + 1)..]);
        var encoded = string.Concat(value.Select(b => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~' ? ((char)b).ToString() : $"%{b:X2}"));
        AddData(Encoding.UTF8.GetBytes(name.Length > 0 ? $"{name}={encoded}" : encoded));
    }

    /// <summary>The request, checked.</summary>
    /// <exception cref="ArgumentException">It cannot be sent like that; the message says why.</exception>
    public JobRequest Build()
    {
        var url = Url ?? throw new ArgumentException("there is no URL");
        if (!url.Contains("://", StringComparison.Ordinal) && url.Length > 0 && !url.StartsWith("http:", StringComparison.OrdinalIgnoreCase) && !url.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"the URL {RequestRules.Quote(url)} has no scheme; did you mean {(IsNear(url) ? "http" : "https")}://{Excerpt.Of(url.TrimStart('/'))} ?");
        var sendsData = _hasData && !PutsDataInQuery;
        var request = new JobRequest(_hasData && PutsDataInQuery ? WithQuery(url) : url)
        {
            Method = Method ?? (IsHead ? "HEAD" : sendsData ? "POST" : "GET"),
            Timeout = Timeout,
            Retries = Retries,
            RetryDelay = RetryDelay,
        };
        foreach (var (name, value) in _headers)
            request.Headers.Add(name, value);
        if (sendsData)
        {
            request.Body = _data.WrittenMemory;
            AddUsual("Content-Type", KnowsJson && IsJson(_data.WrittenSpan) ? Json : Form);
        }
        foreach (var (name, value) in _usual)
            if (!request.Headers.Contains(name) && !_removed.Contains(name, StringComparer.OrdinalIgnoreCase))
                request.Headers.Add(name, value);
        return request;
    }

    private void AddData(byte[] data, string separator = "&")
    {
        if (_hasData)
            _data.Write(Encoding.UTF8.GetBytes(separator));
        _data.Write(data);
        _hasData = true;
    }

    private string WithQuery(string url)
    {
        var fragment = url.IndexOf('#');
        var whole = fragment < 0 ? url : url[..fragment];
        return $"{whole}{(!whole.Contains('?') ? "?" : whole[^1] is '?' or '&' ? "" : "&")}{Encoding.UTF8.GetString(_data.WrittenSpan)}";
    }

    // On this machine and in the network around it https is the exception.
    private static bool IsNear(string url) =>
        url.StartsWith("localhost", StringComparison.OrdinalIgnoreCase) || url.StartsWith("127.", StringComparison.Ordinal) || url.StartsWith("[::1]", StringComparison.Ordinal);

    private static bool IsJson(ReadOnlySpan<byte> data)
    {
        if (data.TrimStart(" \t\r\n"u8) is not [(byte)'{' or (byte)'[', ..])
            return false;
        var reader = new Utf8JsonReader(data);
        try
        {
            while (reader.Read())
            {
            }
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Reads a file of data, or standard input.</summary>
    /// <exception cref="Input.InputException">It cannot be read.</exception>
    public static byte[] ReadFile(string path)
    {
        try
        {
            if (path != "-")
                return File.ReadAllBytes(path);
            using var all = new MemoryStream();
            using var input = Console.OpenStandardInput();
            input.CopyTo(all);
            return all.ToArray();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Input.InputException.From(path.Length == 0 ? "@ without a name" : path, failure);
        }
    }
}

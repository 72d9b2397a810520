using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary>A curl command a line, for a POSIX shell with <c>$'…'</c> (bash, zsh, ksh): of requests, and of results where what was sent is known.</summary>
/// <param name="shownUrl">What is shown of a URL; null for all of it.</param>
/// <param name="shownValue">What is shown of the value of a header, by its name; null for all of it.</param>
internal sealed class CurlCommands(Func<string, string>? shownUrl = null, Func<string, string, string>? shownValue = null) : IResultFormat, IRequestWriter
{
    /// <summary>How many results had a body that nobody told of.</summary>
    public long WithoutBody { get; private set; }

    public void Begin(IBufferWriter<byte> output) { }

    public void Write(ExportedLine result, IBufferWriter<byte> output)
    {
        if (result.Request is { } request)
        {
            Write(request, output);
            return;
        }
        if (result.Url is not { } url)
            throw new RequestFaultException("the result has no url: its line was no request", 0);
        WithoutBody += result.Method is "GET" or "HEAD" or "DELETE" or "OPTIONS" ? 0 : 1;
        Put(output, $"curl{MethodOf(result.Method, hasBody: false)} {AddressOf(url)}\n");
    }

    public void Write(JobRequest request, IBufferWriter<byte> output)
    {
        var file = request.BodyFile;
        var sent = file is null ? SentBody.Of(request) : SentBody.Of(WithoutFile(request));
        var hasBody = file is not null || sent.Bytes is not null;
        var isText = sent.Bytes is { } bytes && Utf8.IsValid(bytes.Span) && !bytes.Span.Contains((byte)0);
        var command = new StringBuilder();
        // What no word of a shell can be comes through a pipe.
        if (sent.Bytes is { } binary && !isText)
            command.Append(CultureInfo.InvariantCulture, $"echo {Convert.ToBase64String(binary.Span)} | base64 -d | ");
        command.Append("curl").Append(MethodOf(request.Method, hasBody)).Append(' ').Append(AddressOf(shownUrl?.Invoke(JobMessage.Target(request).OriginalString) ?? JobMessage.Target(request).OriginalString));
        foreach (var (name, value) in sent.Headers)
            command.Append(" -H ").Append(ShellQuote.Of(value.Length == 0 ? $"{name};" : $"{name}: {shownValue?.Invoke(name, value) ?? value}"));
        // Otherwise curl would say that it is a form.
        if (hasBody && !sent.Headers.Any(header => header.Name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)))
            command.Append(" -H 'Content-Type:'");
        if (hasBody)
            command.Append(file is not null ? $" --data-binary {ShellQuote.Of("@" + file)}" : isText ? $" --data-raw {ShellQuote.Of(Encoding.UTF8.GetString(sent.Bytes!.Value.Span))}" : " --data-binary @-");
        if (request.Timeout is { } timeout)
            command.Append(CultureInfo.InvariantCulture, $" -m {timeout.TotalSeconds:0.###}");
        Put(output, command.Append('\n').ToString());
    }

    public void End(IBufferWriter<byte> output) { }

    private static string MethodOf(string method, bool hasBody) => method switch
    {
        "HEAD" => " -I",
        "GET" when !hasBody => "",
        "POST" when hasBody => "",
        _ => $" -X {ShellQuote.Of(method)}",
    };

    private static JobRequest WithoutFile(JobRequest request)
    {
        var same = new JobRequest(request.Url) { Method = request.Method, IdempotencyKey = request.IdempotencyKey };
        foreach (var (name, value) in request.Headers)
            same.Headers.Add(name, value);
        return same;
    }

    private static void Put(IBufferWriter<byte> output, string text) => output.Write(Encoding.UTF8.GetBytes(text));

    /// <summary>curl takes brackets and braces for many URLs in one, unless it is told not to, and a blank for the end of one.</summary>
    private static string AddressOf(string url) => $"{(url.AsSpan().ContainsAny("[]{}") ? "--globoff " : "")}{ShellQuote.Of(url.Replace(" ", "%20", StringComparison.Ordinal))}";
}

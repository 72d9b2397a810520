using System.Buffers;
using System.Text;
using System.Text.Json;
using Headgate.Configuration;

namespace Headgate.App.Formats;

/// <summary>A table of results, RFC 4180 with line feeds: a header, and a row for each.</summary>
/// <param name="columns">Names of columns, as <see cref="Paths"/> has them, or paths into a result.</param>
/// <param name="forSpreadsheets">What a spreadsheet would take for a formula gets an apostrophe before it, since answers come from anywhere.</param>
internal sealed class CsvResults(IReadOnlyList<string> columns, bool forSpreadsheets) : IResultFormat
{
    /// <summary>Short names of what most want, in the usual order, with where it stands.</summary>
    private static readonly (string Name, string Path)[] Paths =
    [
        ("id", "id"), ("line", "line"), ("url", "url"), ("method", "method"), ("status", "status"), ("ok", "ok"), ("status_code", "result.status_code"),
        ("latency", "latency"), ("elapsed", "result.elapsed"), ("wait", "wait.gate"), ("waiting_for", "wait.holding"), ("attempts", "attempts"),
        ("started_at", "started_at"), ("completed_at", "completed_at"), ("error_class", "error.class"), ("error", "error.detail"),
        ("key", "key"), ("proxy", "proxy"), ("cache", "cache"), ("maybe_sent", "maybe_sent"), ("content", "result.content"),
    ];

    private static readonly string[] Members =
    [
        "request_id", "id", "line", "url", "method", "status", "ok", "result", "latency", "attempts", "created_at", "started_at", "completed_at", "last_error", "error", "wait",
        "key", "proxy", "cache", "maybe_sent", "chaos", "context", "tags",
    ];

    private static readonly SearchValues<char> Special = SearchValues.Create(",\"\r\n");

    private readonly string[][] _paths = [.. columns.Select(PathOf)];
    private readonly StringBuilder _row = new();

    /// <summary>The columns, where nobody asks for others.</summary>
    public static IEnumerable<string> Usual => Paths.Select(column => column.Name);

    /// <summary>Why a column is none; null if it is one.</summary>
    public static string? FindFault(string column) => Members.Contains(PathOf(column)[0]) ? null
        : $"there is no column \"{Excerpt.Of(column)}\"{NearestName.Suggest(column, [.. Usual, .. Members])}; a path into a result is one too, for example context.user";

    public void Begin(IBufferWriter<byte> output) => Put(output, columns);

    public void Write(ExportedLine result, IBufferWriter<byte> output) => Put(output, _paths.Select(path => TextOf(result[path])));

    public void End(IBufferWriter<byte> output) { }

    /// <summary>A header may have dots in its name, but nothing stands below it.</summary>
    private static string[] PathOf(string column)
    {
        var path = Paths.FirstOrDefault(known => known.Name == column).Path ?? column;
        return path.StartsWith("result.headers.", StringComparison.Ordinal) ? ["result", "headers", path["result.headers.".Length..].ToLowerInvariant()] : path.Split('.');
    }

    private static string TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => "",
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => value.GetRawText(),
    };

    private void Put(IBufferWriter<byte> output, IEnumerable<string> cells)
    {
        _row.Clear();
        var isFirst = true;
        foreach (var cell in cells)
        {
            var text = forSpreadsheets && cell is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] && !double.TryParse(cell, out _) ? $"'{cell}" : cell;
            _row.Append(isFirst ? "" : ",");
            isFirst = false;
            if (text.AsSpan().ContainsAny(Special))
                _row.Append('"').Append(text.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
            else
                _row.Append(text);
        }
        output.Write(Encoding.UTF8.GetBytes(_row.Append('\n').ToString()));
    }
}

using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Headgate.Backends.Sqlite;

/// <summary>A call that passed through, and what came of it.</summary>
internal sealed record RecordedCall
{
    /// <summary>Its number; 0 before it is kept.</summary>
    public long Number { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Method { get; init; }

    /// <summary>Without what may be a secret.</summary>
    public required string Url { get; init; }

    public string? Api { get; init; }

    /// <summary>What the caller was answered; null if it was gone before.</summary>
    public int? Status { get; init; }

    public FailureClass Class { get; init; }

    public string? Error { get; init; }

    public int Attempts { get; init; }

    /// <summary>How long it waited for its turn.</summary>
    public TimeSpan Wait { get; init; }

    /// <summary>From its arrival to the end of its answer.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Who called.</summary>
    public string? Caller { get; init; }

    /// <summary>A line each.</summary>
    public string RequestHeaders { get; init; } = "";

    /// <summary>Its beginning, if bodies are kept and it is text.</summary>
    public string? RequestBody { get; init; }

    public string AnswerHeaders { get; init; } = "";

    public string? AnswerBody { get; init; }
}

/// <summary>Which calls are looked for: those that fit all that is said.</summary>
internal sealed record CallSearch
{
    /// <summary>Words that all are in it, wherever; null for all calls.</summary>
    public string? Words { get; init; }

    public string? Api { get; init; }

    public int? Status { get; init; }

    /// <summary>Only those that got no answer, or one of 400 or more.</summary>
    public bool IsFailed { get; init; }

    /// <summary>Older than the call of this number; null for the newest.</summary>
    public long? Before { get; init; }

    public int Limit { get; init; } = 100;
}

/// <summary>Calls in a database file. Thread-safe.</summary>
/// <param name="database">Not owned.</param>
internal sealed class SqliteCalls(SqliteDatabase database)
{
    private const string Columns = "seq, at, method, url, api, status, class, error, attempts, wait, elapsed, caller, request_headers, request_body, answer_headers, answer_body";

    /// <summary>Keeps calls.</summary>
    /// <exception cref="Queues.JobStoreException">None was kept.</exception>
    public Task<int> AddAsync(RecordedCall call) => database.Writer.WriteAsync(statements => statements.Execute(
        "INSERT INTO calls (at, method, url, api, status, class, error, attempts, wait, elapsed, caller, request_headers, request_body, answer_headers, answer_body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        call.At.UtcTicks, call.Method, call.Url, call.Api, call.Status, (int)call.Class, call.Error, call.Attempts, call.Wait.Ticks, call.Elapsed.Ticks, call.Caller, call.RequestHeaders, call.RequestBody, call.AnswerHeaders, call.AnswerBody), isSynced: false);

    /// <summary>Calls, the newest first.</summary>
    /// <exception cref="Queues.JobStoreException">They cannot be read.</exception>
    public IReadOnlyList<RecordedCall> Search(CallSearch search) => database.Read(statements =>
    {
        var (text, values) = (new StringBuilder("WHERE 1"), new List<object?>());
        if (search.Words is { } words && Quoted(words) is { Length: > 0 } quoted)
            And("seq IN (SELECT rowid FROM words WHERE words MATCH {0})", quoted);
        if (search.Api is { } api)
            And("api = {0}", api);
        if (search.Status is { } status)
            And("status = {0}", status);
        if (search.IsFailed)
            text.Append(" AND (status IS NULL OR status >= 400)");
        if (search.Before is { } before)
            And("seq < {0}", before);
        values.Add(search.Limit);
        var calls = new List<RecordedCall>();
        using var rows = statements.Query($"SELECT {Columns} FROM calls {text} ORDER BY seq DESC LIMIT ${values.Count}", [.. values]);
        while (rows.Read())
            calls.Add(Read(rows));
        return calls;

        void And(string condition, object value)
        {
            values.Add(value);
            text.Append(" AND ").AppendFormat(CultureInfo.InvariantCulture, condition, $"${values.Count}");
        }
    });

    /// <summary>Forgets those before a time, and the oldest beyond a size of the file.</summary>
    /// <returns>How many there were; more may be left.</returns>
    /// <exception cref="Queues.JobStoreException">None was forgotten.</exception>
    public Task<int> ForgetAsync(DateTimeOffset before, long mostBytes, int most) => database.Writer.WriteAsync(statements =>
    {
        var used = (Number(statements, "PRAGMA page_count") - Number(statements, "PRAGMA freelist_count")) * Number(statements, "PRAGMA page_size");
        return used > mostBytes
            ? statements.Execute("DELETE FROM calls WHERE seq IN (SELECT seq FROM calls ORDER BY seq LIMIT $1)", most)
            : statements.Execute("DELETE FROM calls WHERE seq IN (SELECT seq FROM calls WHERE at < $1 ORDER BY seq LIMIT $2)", before.UtcTicks, most);
    }, isSynced: false);

    private static long Number(Statements statements, string pragma) => (long)statements.Scalar(pragma)!;

    /// <summary>Each word by itself, whatever signs are in it: the language of the index is not the caller's. A NUL would end it.</summary>
    private static string Quoted(string words) => string.Join(' ', words.Replace('\0', ' ').Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(word => $"\"{word.Replace("\"", "\"\"", StringComparison.Ordinal)}\""));

    private static RecordedCall Read(SqliteDataReader row) => new()
    {
        Number = row.GetInt64(0),
        At = new DateTimeOffset(row.GetInt64(1), TimeSpan.Zero),
        Method = row.GetString(2),
        Url = row.GetString(3),
        Api = Text(row, 4),
        Status = row.IsDBNull(5) ? null : row.GetInt32(5),
        Class = (FailureClass)row.GetInt32(6),
        Error = Text(row, 7),
        Attempts = row.GetInt32(8),
        Wait = new TimeSpan(row.GetInt64(9)),
        Elapsed = new TimeSpan(row.GetInt64(10)),
        Caller = Text(row, 11),
        RequestHeaders = row.GetString(12),
        RequestBody = Text(row, 13),
        AnswerHeaders = row.GetString(14),
        AnswerBody = Text(row, 15),
    };

    private static string? Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}

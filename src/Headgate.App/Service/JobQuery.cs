using System.Globalization;
using Headgate.App.Security;
using Headgate.Jobs;
using Headgate.Queues;
using Headgate.Time;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Service;

/// <summary>Which jobs a call is about, as its query says.</summary>
internal static class JobQuery
{
    /// <summary>The members of a query that say which jobs are meant.</summary>
    public static readonly IReadOnlyList<string> Filters = ["status", "ok", "class", "api", "queue", "tenant", "tag", "batch", "url", "since", "until"];

    /// <summary>The jobs that a page shows.</summary>
    /// <exception cref="Problem">The query cannot be understood.</exception>
    public static JobSearch Page(HttpContext context, TimeProvider time) => Of(context, time) with
    {
        Limit = Text(context, "limit") is { } limit ? (int)Number(limit, "limit", JobSearch.LargestPage) : 100,
        After = Text(context, "after") is { } after ? Number(after, "after", long.MaxValue) : null,
        IsNewestFirst = Text(context, "order") switch { null or "oldest" => false, "newest" => true, _ => throw Wrong("order is oldest or newest: which come first") },
    };

    /// <summary>The jobs that something is done to: never all of them by a filter that was forgotten.</summary>
    /// <exception cref="Problem">The query cannot be understood, or says nothing.</exception>
    public static JobSearch Many(HttpContext context, TimeProvider time) => Filters.Any(filter => Text(context, filter) is not null) || Flag(context, "all")
        ? Of(context, time) with { Limit = JobSearch.LargestPage }
        : throw new Problem(StatusCodes.Status400BadRequest, $"say which jobs, by {string.Join(", ", Filters)}, or all=true; with dry_run=true they are only counted");

    /// <summary>Whether it only asks what it would do.</summary>
    public static bool IsDryRun(HttpContext context) => Flag(context, "dry_run");

    /// <summary>Which jobs they were, for whoever reads it later: of URLs nothing, as they may have secrets in them.</summary>
    public static string Told(HttpContext context) =>
        string.Join(' ', Filters.Where(filter => Text(context, filter) is not null).Select(filter => filter == "url" ? "url=…" : $"{filter}={Text(context, filter)}")) is { Length: > 0 } told ? told : "all";

    /// <summary>A member of the query; null where it is not given.</summary>
    /// <exception cref="Problem">It is given twice: one of the two would say nothing.</exception>
    public static string? Text(HttpContext context, string name) => context.Request.Query[name] switch
    {
        [{ Length: > 0 } text] => text,
        [_, _, ..] => throw Wrong($"{name} is given twice"),
        _ => null,
    };

    private static JobSearch Of(HttpContext context, TimeProvider time)
    {
        var status = Text(context, "status");
        return new JobSearch
        {
            HasEnded = status switch { "open" => false, "ended" => true, _ => null },
            Status = status is null or "open" or "ended" ? null : EndNamed(status),
            IsOk = Text(context, "ok") is null ? null : Flag(context, "ok"),
            Class = Text(context, "class") is { } failure ? ClassNamed(failure) : null,
            Api = Text(context, "api"),
            Queue = Text(context, "queue"),
            Tenant = TenantOf(context),
            Tag = Text(context, "tag"),
            Batch = Text(context, "batch"),
            Url = Text(context, "url"),
            Since = At(context, "since", time),
            Until = At(context, "until", time),
        };
    }

    /// <summary>Whose jobs a call is about: those of its own tenant, if it has one, and never those of another.</summary>
    /// <exception cref="Problem">It asks for those of another.</exception>
    public static string? TenantOf(HttpContext context)
    {
        var (caller, asked) = (Caller.Of(context), Text(context, "tenant"));
        return caller.WhyForeign(asked) is { } foreign ? throw new Problem(StatusCodes.Status403Forbidden, foreign) : asked ?? caller.Tenant;
    }

    public static bool Flag(HttpContext context, string name) => Text(context, name) switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw Wrong($"{name} is true or false"),
    };

    private static DateTimeOffset? At(HttpContext context, string name, TimeProvider time)
    {
        if (Text(context, name) is not { } text)
            return null;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            return at;
        return Duration.TryParse(text, out var ago) ? time.GetUtcNow() - ago : throw Wrong($"{name} is a time such as 2030-01-02T03:04:05Z, or how long ago, such as 2h");
    }

    private static JobStatus EndNamed(string name)
    {
        foreach (var status in (JobStatus[])[JobStatus.Completed, JobStatus.Failed, JobStatus.Timeout, JobStatus.Cancelled])
            if (WireNames.Of(status) == name)
                return status;
        throw Wrong("status is open, ended, completed, failed, timeout or cancelled");
    }

    private static FailureClass ClassNamed(string name) => WireNames.FailureOf(name) is var failure and not FailureClass.None ? failure
        : throw Wrong($"class is one of {string.Join(", ", Enum.GetValues<FailureClass>().Skip(1).Select(WireNames.Of))}");

    public static long Number(string text, string name, long most) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most
            ? number
            : throw Wrong($"{name} is a whole number from 1{(most == long.MaxValue ? "" : $" to {most}")}");

    private static Problem Wrong(string error) => new(StatusCodes.Status400BadRequest, error);
}

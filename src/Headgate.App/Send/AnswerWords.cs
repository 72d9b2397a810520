using Headgate.App.Runs;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.App.Send;

/// <summary>What is said of an answer in one line.</summary>
internal static class AnswerWords
{
    /// <summary>Waits below this are not worth a word.</summary>
    private const long Noticeable = 100 * Clock.Millisecond;

    /// <summary><c>200 OK</c>. The words are the server's, less what could play with a terminal.</summary>
    public static string Status(HttpResponseMessage answer) =>
        $"{(int)answer.StatusCode} {string.Concat((answer.ReasonPhrase ?? "").Where(letter => !char.IsControl(letter)))}".TrimEnd();

    /// <summary><c>200 OK in 31 ms, waited 9.2 s for 1/10s (https://api.example.com), key work</c>.</summary>
    public static string Line(HttpResponseMessage answer, ResultRecord record, Exchange exchange) =>
        $"{Status(answer)} in {Words.Time(Clock.Nanoseconds(record.Result!.Elapsed))}{Way(record, exchange)}";

    /// <summary>What a failure came to: <c>no connection: connection refused (network), 4 attempts in 3.1 s</c>.</summary>
    public static string Failure(ResultRecord record, Exchange exchange) =>
        $"{record.Detail} ({WireNames.Of(record.Outcome.Class)}){Way(record, exchange)}";

    private static string Way(ResultRecord record, Exchange exchange)
    {
        var attempts = record.Attempts > 1 ? $", {record.Attempts} attempts in {Words.Time(Clock.Nanoseconds(record.Latency ?? default))}" : "";
        var wait = exchange.Waited > Noticeable ? $", waited {Words.Time(exchange.Waited)}{(record.Holding is { } holding ? $" for {holding}" : "")}" : "";
        return $"{attempts}{wait}{(record.Key is { } key ? $", key {key}" : "")}{(record.Proxy is { } proxy ? $", through {proxy}" : "")}";
    }
}

namespace Headgate.Benchmarks;

internal static class RunEndToEnd
{
    public static Task<int> RunAsync(string[] args) => Task.FromResult(1);
}
